# libloom: any network from its description, behind runtime/loom.h. It exports that and nothing else, and needs the C library.
# It is built for size, but for the loops in which the interpreter spends its time.
file(STRINGS compiler/library.txt loom_front REGEX "^[a-z]")
list(TRANSFORM loom_front REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/compiler/\\1.c")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/compiler/library.txt)
list(APPEND loom_front ${op_files} ${layer_files} ${runtime_sources})
set(loom_inner ${loom_front})
list(FILTER loom_inner INCLUDE REGEX "/ops/(conv|matmul|scan)\\.c$")
list(REMOVE_ITEM loom_front ${loom_inner})

include(CheckIPOSupported)
check_ipo_supported(RESULT loom_whole LANGUAGES C OUTPUT ignored)

function(loom_part name size) # SOURCES: objects of libloom, optimised by `size` in a release
    add_library(${name} OBJECT ${ARGN})
    add_dependencies(${name} loom_generated)
    target_include_directories(${name} PRIVATE ${generated})
    target_compile_definitions(${name} PRIVATE _POSIX_C_SOURCE=200809L LOOM_EXPORT)
    target_compile_options(${name} PRIVATE ${loom_warnings} -ffp-contract=off -fno-math-errno -ffunction-sections -fdata-sections
                           $<$<CONFIG:Release>:${size}>)
    if(MINGW) # printf of C99; and isfinite is a macro that -Wfloat-conversion dislikes
        target_compile_definitions(${name} PRIVATE __USE_MINGW_ANSI_STDIO=1)
        target_compile_options(${name} PRIVATE -Wno-float-conversion)
    endif()
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden
                          INTERPROCEDURAL_OPTIMIZATION_RELEASE ${loom_whole})
endfunction()
loom_part(loom_front_objects -Os ${loom_front})
loom_part(loom_inner_objects -O2 ${loom_inner})

# The runtime alone: what a compiled model needs to stand behind the handles of loom.h (text and JSON are not in it).
file(GLOB loom_runtime_sources runtime/loom.c runtime/loom_fit.c runtime/loom_heap.c runtime/loom_metrics.c runtime/loom_optimise.c
     runtime/loom_file.c runtime/loom_json.c runtime/loom_number.c)
loom_part(loom_runtime_objects -Os ${loom_runtime_sources})

add_library(loom SHARED $<TARGET_OBJECTS:loom_front_objects> $<TARGET_OBJECTS:loom_inner_objects>)
add_library(loom_runtime_shared SHARED $<TARGET_OBJECTS:loom_runtime_objects>)
set_target_properties(loom_runtime_shared PROPERTIES OUTPUT_NAME loom_runtime)
target_link_libraries(loom PRIVATE m Threads::Threads)
file(STRINGS runtime/loom.h loom_abi REGEX "^#define LOOM_ABI ")
string(REGEX REPLACE ".* " "" loom_abi "${loom_abi}")
foreach(library loom loom_runtime_shared)
    target_include_directories(${library} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/runtime>
                               $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/runtime/bindings/cpp>
                               $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/loom>)
    target_link_options(${library} PRIVATE -Wl,--gc-sections)
    set_target_properties(${library} PROPERTIES LINKER_LANGUAGE C INTERPROCEDURAL_OPTIMIZATION_RELEASE ${loom_whole} VERSION ${PROJECT_VERSION} SOVERSION ${loom_abi}
                          LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    if(WIN32)
        set_target_properties(${library} PROPERTIES PREFIX "")
    else()
        target_link_options(${library} PRIVATE -Wl,--no-undefined)
    endif()
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64|ppc64") # pages of 64 KB: protecting the last few hundred bytes would cost 40 KB of zeros
        target_link_options(${library} PRIVATE -Wl,-z,norelro)
    endif()
endforeach()
add_library(Loom::loom ALIAS loom)

# libloom as a WebAssembly module, where clang and wasm-ld are: cmake --build BUILD --target loom_wasm
add_custom_target(loom_wasm COMMAND ${PROJECT_SOURCE_DIR}/targets/wasm/library/build ${generated} ${PROJECT_BINARY_DIR}/wasm VERBATIM)
add_dependencies(loom_wasm loom_generated)
# The npm package around that, where tsc and npm are too: cmake --build BUILD --target loom_npm
add_custom_target(loom_npm COMMAND ${PROJECT_SOURCE_DIR}/runtime/bindings/typescript/build ${generated} ${PROJECT_BINARY_DIR}/npm VERBATIM)
add_dependencies(loom_npm loom_generated)
