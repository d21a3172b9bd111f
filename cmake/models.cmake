# Model weights: not in the tree, known by their hash, taken by tools/fetch_models.py from the package
# that publishes them. A wheel fetches them while it is configured; another build takes them along if
# they have been fetched into build/models. Without them everything but the Silero VAD works.
if(SKBUILD)
  set(fetch_by_default ON)
else()
  set(fetch_by_default OFF)
endif()
option(REMOTEMEDIA_FETCH_MODELS "Fetch model weights while configuring" ${fetch_by_default})

set(models_root ${CMAKE_CURRENT_LIST_DIR}/..)
cmake_path(NORMAL_PATH models_root)
set(REMOTEMEDIA_MODELS ${models_root}/build/models CACHE PATH "Folder of the model weights")

if(REMOTEMEDIA_FETCH_MODELS)
  find_package(Python 3.10 REQUIRED COMPONENTS Interpreter)
  execute_process(
    COMMAND ${Python_EXECUTABLE} ${models_root}/tools/fetch_models.py ${REMOTEMEDIA_MODELS}
    RESULT_VARIABLE fetch_result ERROR_VARIABLE fetch_problem)
  if(NOT fetch_result EQUAL 0)
    message(WARNING "Without the Silero VAD model: SileroVADNode will ask for it.\n${fetch_problem}")
  endif()
endif()

set(model_files ${REMOTEMEDIA_MODELS}/silero_vad.onnx ${REMOTEMEDIA_MODELS}/silero_vad.LICENSE)
if(EXISTS ${REMOTEMEDIA_MODELS}/silero_vad.onnx)
  if(SKBUILD)
    install(FILES ${model_files} DESTINATION remotemedia/models COMPONENT python)
  else()
    install(FILES ${model_files} DESTINATION ${CMAKE_INSTALL_DATADIR}/remotemedia/models
            COMPONENT runtime)
  endif()
endif()
