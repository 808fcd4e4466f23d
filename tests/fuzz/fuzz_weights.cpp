// SPDX-License-Identifier: BSD-3-Clause
// Weights of a small model with parameters, statistics and a counter: strict, partial, renamed.
#include <tessera/network/weights.hpp>
#include <tessera/layers/batch_norm2d.hpp>

#include "safetensors_input.hpp"

namespace {

using Net = tessera::Network<tessera::Input<2, 2, 2>, tessera::Named<"n", tessera::BatchNorm2d<2>>>;

/// The model's own file in one of the dtypes; names begin with `prefix`.
std::string file_of(const std::string& dtype, const std::string& prefix) {
  const std::size_t each = 2 * tessera::safetensors_dtype_bits(dtype) / 8;
  std::string header = "{";
  std::size_t begin = 8;
  for (const char* const name : {"weight", "bias", "running_mean", "running_var"}) {
    header += "\"" + prefix + name + R"(":{"dtype":")" + dtype +
              R"(","shape":[2],"data_offsets":[)" + std::to_string(begin) + "," +
              std::to_string(begin + each) + "]},";
    begin += each;
  }
  header +=
      "\"" + prefix + R"(num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})";
  return tessera::fuzz::safetensors_text(
      header, std::string("\7\0\0\0\0\0\0\0", 8) + std::string(begin - 8, '?'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tessera::Model<Net> model;
  static const tessera::LoadOptions ways[] = {
      {}, {.rename = {{"n", "m"}}, .strict = false}, {.prefix = "p.", .strict = false}};
  for (const auto& options : ways)
    tessera::fuzz::expect_result_or_error([&] {
      const tessera::SafetensorsFile file(
          tessera::InputFile("input", tessera::fuzz::as_input(data, size)));
      const tessera::LoadReport report = tessera::load_weights(model, file, options);
      if (report.loaded.size() + report.missing.size() + report.misshaped.size() != 5)
        __builtin_trap();
      if (model.counter("n.num_batches_tracked") < 0) __builtin_trap();
    });
  return 0;
}

std::vector<std::string> seeds() {
  return {file_of("F32", "n."), file_of("F64", "m."), file_of("F16", "p.n."), file_of("BF16", "n."),
          tessera::fuzz::safetensors_text("{}", "")};
}
