# Installs, moves the tree, then builds examples/cpp against it with find_package and with pkg-config.
# Both programs have to find the one second of speech-like tone in a recording.

function(check)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(check_finds_speech program)
  execute_process(
    COMMAND ${program} ${SOURCE_DIR}/examples/graphs/speech.yaml ${WORK_DIR}/recording.wav
    OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "${program}\n${printed}")
  # Frames of 30 ms: the tone of 1.00..2.00 s touches those of 0.99..2.01 s.
  foreach(fact "audio  3.00 s\n" "speech 0.99 s .. 2.01 s\n" "telephone +AudioResampleNode")
    if(NOT printed MATCHES "${fact}")
      message(FATAL_ERROR "expected '${fact}' in the output above")
    endif()
  endforeach()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
file(MAKE_DIRECTORY ${WORK_DIR})
check(${MAKE_RECORDING} ${WORK_DIR}/recording.wav)

check(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${WORK_DIR}/first --component development)
file(RENAME ${WORK_DIR}/first ${WORK_DIR}/prefix)

check(${CMAKE_COMMAND} -S ${SOURCE_DIR}/examples/cpp -B ${WORK_DIR}/example -G Ninja
      -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix)
check(${CMAKE_COMMAND} --build ${WORK_DIR}/example)
check_finds_speech(${WORK_DIR}/example/speech_segments)

set(ENV{PKG_CONFIG_PATH} ${WORK_DIR}/prefix/${LIBDIR}/pkgconfig)
execute_process(COMMAND pkg-config --cflags --libs remotemedia
  OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
check(${COMPILER} -std=c++20 ${SOURCE_DIR}/examples/cpp/speech_segments.cc
      -o ${WORK_DIR}/with_pkg_config ${flags})
check_finds_speech(${WORK_DIR}/with_pkg_config)
