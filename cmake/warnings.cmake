# One interface target carries the warnings and sanitizer flags of every target of ours.
add_library(remotemedia_flags INTERFACE)
target_compile_options(remotemedia_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wpedantic)
if(REMOTEMEDIA_WERROR)
  target_compile_options(remotemedia_flags INTERFACE -Werror)
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Sources that are compiled together look like headers, where this would be a mistake.
  target_compile_options(remotemedia_flags INTERFACE -Wno-subobject-linkage)
endif()
if(REMOTEMEDIA_SANITIZE)
  target_compile_options(remotemedia_flags INTERFACE
    -fsanitize=${REMOTEMEDIA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(remotemedia_flags INTERFACE -fsanitize=${REMOTEMEDIA_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # In instrumented code GCC finds uninitialized values where there are none.
    target_compile_options(remotemedia_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
