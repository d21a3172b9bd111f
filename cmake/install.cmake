# The C++ library: headers, the layers' static libraries, find_package(remotemedia), pkg-config.
include(CMakePackageConfigHelpers)
