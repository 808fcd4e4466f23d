# SPDX-License-Identifier: BSD-3-Clause
# Builds and runs the programs of consumer/ in a fresh folder SCRATCH with COMPILER, without optimisation: it is quicker. MODE find_package: against an installation of TESSERA_BUILD in a
# temporary prefix. MODE add_subdirectory: with the source tree inside the consumer's project.
file(REMOVE_RECURSE ${SCRATCH})
set(options -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O0")
if(MODE STREQUAL "find_package")
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${TESSERA_BUILD} --prefix ${SCRATCH}/prefix
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB_RECURSE installed ${SCRATCH}/prefix/*)
  foreach(file IN LISTS installed)
    if(file MATCHES "\\.cmake$")
      file(READ ${file} text)
      string(FIND "${text}" "${TESSERA_SOURCE}" at)
      if(NOT at EQUAL -1)
        message(FATAL_ERROR "${file} names the source folder ${TESSERA_SOURCE}")
      endif()
    endif()
  endforeach()
  list(APPEND options -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix)
else()
  list(APPEND options -DTESSERA_SOURCE=${TESSERA_SOURCE})
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${SCRATCH}/build ${options}
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${SCRATCH}/build --verbose COMMAND_ERROR_IS_FATAL ANY)
foreach(program consumer restore)
  execute_process(COMMAND ${SCRATCH}/build/${program} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
