# SPDX-License-Identifier: BSD-3-Clause
# Objects that read the library in different ways do not link, and the linker's message names the ways: header-only for other
# instructions, or with the compiled library. cmake -DCOMPILER=... -DINCLUDES=a|b -DSCRATCH=folder -P mixed.cmake
file(REMOVE_RECURSE ${SCRATCH})
string(REPLACE "|" ";" includes "${INCLUDES}")
list(TRANSFORM includes PREPEND -I)
file(WRITE ${SCRATCH}/user.cpp "#include <tessera/tensor/context.hpp>
void work(const tessera::Context<tessera::Cpu>&);
int main() { work({1}); }
")
file(WRITE ${SCRATCH}/maker.cpp "#include <tessera/tensor/context.hpp>
void work(const tessera::Context<tessera::Cpu>&) {}
")
function(expect_link result text)  # FLAGS OF THE USER, FLAGS OF THE MAKER
  foreach(unit user maker)
    set(flags ${ARGV2})
    if(unit STREQUAL maker)
      set(flags ${ARGV3})
    endif()
    execute_process(COMMAND ${COMPILER} -std=c++20 ${flags} ${includes} -c ${SCRATCH}/${unit}.cpp -o ${SCRATCH}/${unit}.o
      COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  execute_process(COMMAND ${COMPILER} ${SCRATCH}/user.o ${SCRATCH}/maker.o -pthread -o ${SCRATCH}/program
    RESULT_VARIABLE failed ERROR_VARIABLE said OUTPUT_VARIABLE said)
  if(result STREQUAL links AND failed)
    message(SEND_ERROR "expected to link: ${ARGN}\n${said}")
  elseif(result STREQUAL fails AND NOT (failed AND said MATCHES "${text}"))
    message(SEND_ERROR "expected the linker to say ${text}: ${ARGN}\n${said}")
  endif()
endfunction()
expect_link(links "" -DTESSERA_COMPILED -DTESSERA_COMPILED)
expect_link(links "" -march=x86-64-v3 -march=x86-64-v3)
expect_link(fails "work.tessera::avx2::Context" -march=x86-64-v3 -march=x86-64)
expect_link(fails "work.tessera::compiled::Context" -DTESSERA_COMPILED -march=x86-64-v3)
expect_link(fails "work.tessera::sse2::Context" -march=x86-64 -DTESSERA_COMPILED)
