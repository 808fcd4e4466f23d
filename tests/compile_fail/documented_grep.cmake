# SPDX-License-Identifier: BSD-3-Clause
# The command that docs/errors.md gives for reading the compiler, with COMPILER and SOURCE in it: the sentence, the path in
# readable letters and the shape are among what it shows.
include(${CMAKE_CURRENT_LIST_DIR}/../include_flags.cmake)
file(READ ${CMAKE_CURRENT_LIST_DIR}/../../docs/errors.md page)
if(NOT page MATCHES "\nc[+][+] [.][.][.] (2>&1 [|] [^\n]+)\n")
  message(FATAL_ERROR "docs/errors.md has no line that begins with: c++ ... 2>&1 |")
endif()
set(filter "${CMAKE_MATCH_1}")
list(JOIN include_flags " " flags)
execute_process(COMMAND sh -c "'${COMPILER}' -std=c++20 -fsyntax-only ${flags} -DTESSERA_EXPECT_FAIL '${SOURCE}' ${filter}"
  OUTPUT_VARIABLE text)
foreach(wanted "tessera: the layer's input channels differ" "dec8[.]conv" "12, 20, 40,")
  if(NOT text MATCHES "${wanted}")
    message(FATAL_ERROR "'${filter}' does not show ${wanted}, but\n${text}")
  endif()
endforeach()
