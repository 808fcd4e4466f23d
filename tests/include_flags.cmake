# SPDX-License-Identifier: BSD-3-Clause
# include_flags: compiler flags for INCLUDES, the include folders of a target joined by |. The library's own folder comes
# by -I, so that warnings in it show; the others by -isystem, without /usr/include, whose place in the order matters.
string(REPLACE "|" ";" INCLUDES "${INCLUDES}")
set(include_flags "")
foreach(folder IN LISTS INCLUDES)
  if(EXISTS ${folder}/tessera)
    list(APPEND include_flags -I${folder})
  elseif(NOT folder STREQUAL "/usr/include")
    list(APPEND include_flags -isystem ${folder})
  endif()
endforeach()
