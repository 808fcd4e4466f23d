# SPDX-License-Identifier: BSD-3-Clause
# Configures, builds, installs and runs own_targets/ in a fresh folder SCRATCH, without and with EXPORTS. Tessera is
# installed along with the second only.
foreach(exports OFF ON)
  file(REMOVE_RECURSE ${SCRATCH})
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/own_targets -B ${SCRATCH}/build -G ${GENERATOR}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Debug -DTESSERA_SOURCE=${TESSERA_SOURCE} -DEXPORTS=${exports}
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${SCRATCH}/build COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${SCRATCH}/build --prefix ${SCRATCH}/prefix COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${SCRATCH}/prefix/bin/program COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB_RECURSE headers ${SCRATCH}/prefix/include/*.hpp)
  if(exports AND NOT headers)
    message(FATAL_ERROR "with TESSERA_INSTALL the headers must be installed")
  elseif(headers AND NOT exports)
    message(FATAL_ERROR "a project that only adds the folder must not install Tessera's headers")
  endif()
endforeach()
