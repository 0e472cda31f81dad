# cmake --install, and what packages are made of. Three components: library (for programs), development (to build them), compiler.
include(CMakePackageConfigHelpers)
set(LOOM_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Loom)
set(LOOM_SOURCE_DIR ${CMAKE_INSTALL_DATADIR}/loom/runtime)

install(TARGETS loom loom_runtime_shared EXPORT LoomTargets
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT library
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/loom)

# Headers: loom.h and what generated code includes. The runtime of compiled models is built by who uses it, so it comes as source.
file(GLOB runtime_all CONFIGURE_DEPENDS runtime/loom*.h runtime/loom*.c)
set(headers ${runtime_all})
list(FILTER headers INCLUDE REGEX "\\.h$")
list(FILTER headers EXCLUDE REGEX "/loom_(file|json|number|text)\\.h$")
install(FILES ${headers} runtime/bindings/cpp/loom.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/loom COMPONENT development)
install(FILES ${runtime_all} runtime/bindings/cpp/loom.hpp DESTINATION ${LOOM_SOURCE_DIR} COMPONENT development)

install(EXPORT LoomTargets NAMESPACE Loom:: DESTINATION ${LOOM_CMAKE_DIR} COMPONENT development)
configure_package_config_file(cmake/LoomConfig.cmake.in ${PROJECT_BINARY_DIR}/LoomConfig.cmake INSTALL_DESTINATION ${LOOM_CMAKE_DIR}
                              PATH_VARS CMAKE_INSTALL_BINDIR LOOM_SOURCE_DIR)
# For any machine: only libloom itself is for one, and the package looks at that.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/LoomConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/LoomConfig.cmake ${PROJECT_BINARY_DIR}/LoomConfigVersion.cmake cmake/LoomModel.cmake cmake/LoomKeep.cmake
        DESTINATION ${LOOM_CMAKE_DIR} COMPONENT development)
file(RELATIVE_PATH LOOM_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/loom.pc.in ${PROJECT_BINARY_DIR}/loom.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/loom.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

if(LOOM_BUILD_COMPILER)
    install(TARGETS loomc DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT compiler)
    install(FILES ${manual}/loomc.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT compiler)
    install(FILES ${manual}/loomc DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT compiler)
    install(FILES ${manual}/_loomc DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT compiler)
    install(FILES ${manual}/loomc.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT compiler)
endif()

# cpack -G DEB, cpack -G TGZ: one package for each component, one archive for all.
set(CPACK_PACKAGE_NAME loom)
set(CPACK_PACKAGE_VENDOR Loom)
set(CPACK_PACKAGE_CONTACT "Loom <loom@localhost>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
string(TOLOWER ${CMAKE_SYSTEM_PROCESSOR} machine)
string(TOLOWER ${CMAKE_SYSTEM_NAME} system)
set(CPACK_PACKAGE_FILE_NAME loom-${PROJECT_VERSION}-${system}-${machine})
set(CPACK_COMPONENTS_ALL library development)
if(LOOM_BUILD_COMPILER)
    list(APPEND CPACK_COMPONENTS_ALL compiler)
endif()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libloom${loom_abi})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libloom-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libloom${loom_abi} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS "loomc (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_COMPILER_PACKAGE_NAME loomc)
set(CPACK_DEBIAN_COMPILER_PACKAGE_SUGGESTS "gcc | c-compiler, libloom-dev")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "${PROJECT_DESCRIPTION}\n\
 libloom runs and trains any network from its JSON description, behind one C interface. libloom_runtime is what\n\
 compiled models need to stand behind it.")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "${PROJECT_DESCRIPTION}\n\
 Headers, the runtime of compiled models as source, the CMake package with loom_add_model, loom.pc.")
set(CPACK_COMPONENT_COMPILER_DESCRIPTION "${PROJECT_DESCRIPTION}\n\
 loomc reads the description of a neural network and writes specialised C99 that needs no library, for inference and\n\
 for training, for computers, WebAssembly and microcontrollers.")
foreach(component library development compiler)
    install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/loom-${component} RENAME copyright COMPONENT ${component})
endforeach()
include(CPack)
