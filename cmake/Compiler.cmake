# loomc: all of compiler/, and the runtime, as a library without the main function, which the tests link too.
find_package(Lua 5.4 REQUIRED)
file(GLOB core_files CONFIGURE_DEPENDS compiler/*.c)
list(FILTER core_files EXCLUDE REGEX "/main.c$")
set(loom_sources ${core_files} ${op_files} ${layer_files} ${runtime_sources} ${generated}/embedded.c)
add_library(loom_core STATIC ${loom_sources})
add_dependencies(loom_core loom_generated)
target_include_directories(loom_core PRIVATE ${generated} ${LUA_INCLUDE_DIR})
target_compile_definitions(loom_core PRIVATE _POSIX_C_SOURCE=200809L)
target_compile_options(loom_core PRIVATE ${loom_warnings} -ffp-contract=off)
target_link_libraries(loom_core PRIVATE m Threads::Threads ${CMAKE_DL_LIBS})

add_executable(loomc compiler/main.c)
target_compile_definitions(loomc PRIVATE _POSIX_C_SOURCE=200809L)
target_compile_options(loomc PRIVATE ${loom_warnings})
target_link_libraries(loomc PRIVATE loom_core ${LUA_LIBRARIES})
set_target_properties(loomc PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
add_executable(Loom::loomc ALIAS loomc)

# Its manual page and the completions of shells, made from its own tables.
set(manual ${PROJECT_BINARY_DIR}/manual)
add_custom_command(
    OUTPUT ${manual}/loomc.1 ${manual}/loomc ${manual}/_loomc ${manual}/loomc.fish
    COMMAND ${CMAKE_COMMAND} -E make_directory ${manual}
    COMMAND loomc docs --man -o ${manual}/loomc.1
    COMMAND loomc docs --completion bash -o ${manual}/loomc
    COMMAND loomc docs --completion zsh -o ${manual}/_loomc
    COMMAND loomc docs --completion fish -o ${manual}/loomc.fish
    DEPENDS loomc VERBATIM)
add_custom_target(loomc_manual ALL DEPENDS ${manual}/loomc.1)
