# SPDX-License-Identifier: BSD-3-Clause
# Nothing that a unit of kernels defines may be shared with code for other processors: the linker keeps one copy of an inline
# function, whatever it was compiled for. cmake -DNM=... -DOBJECTS=a|b -P units.cmake
string(REPLACE "|" ";" objects "${OBJECTS}")
cmake_policy(VERSION 3.25)
foreach(object IN LISTS objects)
  execute_process(COMMAND ${NM} --defined-only --extern-only ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" symbols "${symbols}")
  list(FILTER symbols EXCLUDE REGEX "7tessera[0-9]+x86_64_| DW.ref.| tessera_kernels_|^$")
  if(symbols)
    message(SEND_ERROR "${object} shares with code for other processors:\n${symbols}")
  endif()
endforeach()
