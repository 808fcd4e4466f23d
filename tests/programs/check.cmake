# SPDX-License-Identifier: BSD-3-Clause
# Runs PROGRAM with ARGUMENTS (joined by |) in the fresh folder SCRATCH and checks its exit STATUS and that it says what is
# wrong in exactly one line on stderr, which must match the regular expression EXPECT. `@` in an argument is that folder;
# it holds text.bin (neither data nor a model), cifar/ (100 training and test images), broken/ (a file cut short),
# white.bmp (one pixel), nameless.safetensors, lines.safetensors and checkpoint.safetensors (no tensors; metadata none, a
# name of two lines, and that of a training run).
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH}/cifar ${SCRATCH}/broken ${SCRATCH}/empty ${SCRATCH}/folder.png)
string(REPEAT "\t" 3073 record)  # label 9, all pixels 9
string(REPEAT "${record}" 100 records)
file(WRITE ${SCRATCH}/cifar/data_batch_1.bin "${records}")
file(WRITE ${SCRATCH}/cifar/test_batch.bin "${records}")
file(WRITE ${SCRATCH}/broken/data_batch_1.bin "${record}.")
file(WRITE ${SCRATCH}/broken/test_batch.bin "${record}.")
file(WRITE ${SCRATCH}/text.bin "this is not a model, and not an image either\n")

function(write_bytes file bytes)  # with the escapes of printf
  execute_process(COMMAND printf "${bytes}" OUTPUT_FILE ${SCRATCH}/${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
set(zero4 "\\0\\0\\0\\0")
set(one4 "\\x01\\0\\0\\0")
write_bytes(white.bmp "BM\\x3a\\0\\0\\0${zero4}\\x36\\0\\0\\0\\x28\\0\\0\\0${one4}${one4}\\x01\\0\\x18\\0${zero4}\\x04\\0\\0\\0\
${zero4}${zero4}${zero4}${zero4}\\xff\\xff\\xff\\0")
write_bytes(nameless.safetensors "\\x02\\0\\0\\0${zero4}{}")
write_bytes(lines.safetensors "\\x2a\\0\\0\\0${zero4}{\"__metadata__\":{\"tessera.system\":\"x\\\\ny\"}}")
write_bytes(checkpoint.safetensors "\\x2b\\0\\0\\0${zero4}{\"__metadata__\":{\"tessera.checkpoint\":\"2\"}}")

string(REPLACE "@" "${SCRATCH}" ARGUMENTS "${ARGUMENTS}")
string(REPLACE "|" ";" ARGUMENTS "${ARGUMENTS}")
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} WORKING_DIRECTORY ${SCRATCH}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE error)
message("status ${status}, stderr:\n${error}")
if(NOT status STREQUAL STATUS)
  message(FATAL_ERROR "expected exit status ${STATUS}, got ${status}; stdout:\n${output}")
endif()
if(NOT error MATCHES "^[^\n]+\n$")
  message(FATAL_ERROR "expected exactly one line on stderr")
endif()
if(NOT error MATCHES "${EXPECT}")
  message(FATAL_ERROR "expected on stderr: ${EXPECT}")
endif()
