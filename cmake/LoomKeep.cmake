# Takes FILES, and whatever else loomc wrote, from FOLDER/new to FOLDER. What has not changed keeps its date, so that nothing
# is built again because of it.
foreach(file ${FILES})
    if(NOT EXISTS ${FOLDER}/new/${file})
        message(FATAL_ERROR "loomc did not write ${file}; a .wasm needs clang and wasm-ld (Debian: clang, lld)")
    endif()
endforeach()
file(GLOB_RECURSE written RELATIVE ${FOLDER}/new ${FOLDER}/new/*)
foreach(file ${written})
    get_filename_component(parent ${FOLDER}/${file} DIRECTORY)
    file(MAKE_DIRECTORY ${parent})
    file(COPY_FILE ${FOLDER}/new/${file} ${FOLDER}/${file} ONLY_IF_DIFFERENT)
endforeach()
file(REMOVE_RECURSE ${FOLDER}/new)
