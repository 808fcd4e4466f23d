# SPDX-License-Identifier: BSD-3-Clause
# Compiles SOURCE alone as the release preset does, for plain x86-64 so that symbol names are the same on every machine,
# and compares memory and symbol table with recorded.cmake. Seconds are printed only: they depend on the machine.
include(${CMAKE_CURRENT_LIST_DIR}/recorded.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/../include_flags.cmake)
execute_process(COMMAND ${MEASURE} ${OBJECT}.cost ${COMPILER} -std=c++20 -O2 -DNDEBUG -fopenmp ${include_flags}
  -c ${SOURCE} -o ${OBJECT} RESULT_VARIABLE result ERROR_VARIABLE text)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${SOURCE} does not compile:\n${text}")
endif()
file(READ ${OBJECT}.cost cost)
string(REPLACE "|" ";" cost "${cost}")
list(GET cost 0 seconds)
list(GET cost 1 mebibytes)
execute_process(COMMAND ${NM} ${OBJECT} OUTPUT_FILE ${OBJECT}.symbols COMMAND_ERROR_IS_FATAL ANY)
file(SIZE ${OBJECT}.symbols symbol_bytes)
message("${NAME}: ${seconds} s (user), ${mebibytes} MiB, ${symbol_bytes} bytes of symbols")

set(line "set(recorded_${NAME} ${mebibytes} ${symbol_bytes})")
if(NOT DEFINED recorded_${NAME})
  message(FATAL_ERROR "nothing is recorded; if the figures are as they should be, add to recorded.cmake:\n${line}")
endif()
list(GET recorded_${NAME} 0 recorded_mebibytes)
list(GET recorded_${NAME} 1 recorded_symbol_bytes)
foreach(what mebibytes symbol_bytes)
  math(EXPR limit "${recorded_${what}} * 12 / 10")
  if(${what} GREATER limit)
    message(FATAL_ERROR "${what}: ${${what}}, more than 20 % above the recorded ${recorded_${what}}; "
      "find out why, or if it is worth it change recorded.cmake:\n${line}")
  endif()
endforeach()
