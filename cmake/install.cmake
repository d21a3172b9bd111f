# The C++ library: remotemedia::remotemedia here and through find_package(remotemedia), pkg-config, the
# program. A wheel takes the component "python" only.
include(CMakePackageConfigHelpers)

get_property(layers GLOBAL PROPERTY REMOTEMEDIA_LAYERS)
add_library(remotemedia INTERFACE)
add_library(remotemedia::remotemedia ALIAS remotemedia)
target_link_libraries(remotemedia INTERFACE ${layers})

if(TARGET remotemedia_cli)
  if(SKBUILD)
    install(TARGETS remotemedia_cli RUNTIME DESTINATION ${SKBUILD_SCRIPTS_DIR} COMPONENT python)
  else()
    install(TARGETS remotemedia_cli RUNTIME COMPONENT runtime)
  endif()
endif()

if(NOT REMOTEMEDIA_INSTALL)
  return()
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/remotemedia)

install(TARGETS remotemedia ${layers} EXPORT remotemedia ARCHIVE COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/remotemedia
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_BINARY_DIR}/include/remotemedia/base/version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/remotemedia/base COMPONENT development)

install(EXPORT remotemedia FILE remotemedia-targets.cmake NAMESPACE remotemedia::
        DESTINATION ${package_dir} COMPONENT development)
set(REMOTEMEDIA_PC_REQUIRES "")
if(REMOTEMEDIA_BUILD_RTC)
  set(REMOTEMEDIA_PC_REQUIRES " libssl >= 3 libsrtp2 >= 2.4 usrsctp >= 0.9.5 opus >= 1.3")
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/remotemedia-config.cmake.in
  ${PROJECT_BINARY_DIR}/remotemedia-config.cmake INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/remotemedia-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/remotemedia-config.cmake
              ${PROJECT_BINARY_DIR}/remotemedia-config-version.cmake
        DESTINATION ${package_dir} COMPONENT development)

# Users before the layers they use: the order in which a linker resolves static libraries.
set(link_order ${layers})
list(REVERSE link_order)
list(TRANSFORM link_order PREPEND "-l")
list(JOIN link_order " " REMOTEMEDIA_LIBS)
# Debian's library folder has two levels (lib/x86_64-linux-gnu).
file(RELATIVE_PATH REMOTEMEDIA_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${CMAKE_CURRENT_LIST_DIR}/remotemedia.pc.in ${PROJECT_BINARY_DIR}/remotemedia.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/remotemedia.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
