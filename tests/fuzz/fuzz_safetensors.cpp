// SPDX-License-Identifier: BSD-3-Clause
// The safetensors reader. What it accepts is as large as the file says, and no larger.
#include <tessera/io/safetensors.hpp>

#include "safetensors_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tessera::fuzz::expect_result_or_error([&] {
    const tessera::SafetensorsFile file(
        tessera::InputFile("input", tessera::fuzz::as_input(data, size)));
    std::size_t total = 0;
    for (const tessera::SafetensorsEntry& entry : file.entries()) {
      if (file.find(entry.name) != &entry) __builtin_trap();
      total += file.read_bytes(entry.name).size();
    }
    if (total + 8 > size) __builtin_trap();
  });
  return 0;
}

std::vector<std::string> seeds() {
  using tessera::fuzz::safetensors_text;
  return {
      safetensors_text("{}", ""),
      safetensors_text(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "abcd"),
      safetensors_text(R"({"__metadata__":{"format":"pt","note":"\u00e9\n"},)"
                       R"("a.b":{"dtype":"F16","shape":[2,1],"data_offsets":[8,12]},)"
                       R"("n":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}  )",
                       "abcdefghijkl"),
      safetensors_text(R"({"e":{"dtype":"U8","shape":[0,9223372036854775807],)"
                       R"("data_offsets":[0,0]},"b":{"dtype":"BF16","shape":[1,1,1,1,1,1,1,1],)"
                       R"("data_offsets":[0,2]}})",
                       "xy"),
  };
}
