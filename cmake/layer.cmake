# remotemedia_add_layer(NAME SOURCES ... [LAYERS ...] [PRIVATE ...])
#
# One static library per layer. LAYERS are the layers it may include: target_link_libraries *is* the
# diagram of docs/architecture.md, and tools/check_layers.py checks the #includes against it.
# PRIVATE are third-party targets, which no public header shows.
function(remotemedia_add_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LAYERS;PRIVATE" ${ARGN})
  add_library(remotemedia_${name} STATIC ${ARG_SOURCES})
  add_library(remotemedia::${name} ALIAS remotemedia_${name})
  set_target_properties(remotemedia_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(remotemedia_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
           $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_features(remotemedia_${name} PUBLIC cxx_std_20)
  list(TRANSFORM ARG_LAYERS PREPEND remotemedia_)
  target_link_libraries(remotemedia_${name}
    PUBLIC ${ARG_LAYERS}
    PRIVATE $<BUILD_INTERFACE:remotemedia_flags> ${ARG_PRIVATE})
  set_property(GLOBAL APPEND PROPERTY REMOTEMEDIA_LAYERS remotemedia_${name})
endfunction()
