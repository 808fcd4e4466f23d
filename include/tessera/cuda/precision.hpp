// SPDX-License-Identifier: BSD-3-Clause
// In which precision a GPU multiplies. It is always the caller's choice: nothing below float32
// happens silently.
#pragma once
#include <array>
#include <string_view>

#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// What the inputs of products (convolutions, matrix products) are rounded to; sums are float32 in
/// all three.
enum class Precision {
  float32,  ///< not rounded: products in float32
  tf32,     ///< rounded to 10 mantissa bits with the exponent of float32 (TensorFloat-32)
  bf16,     ///< rounded to bfloat16: 7 mantissa bits with the exponent of float32
};

/// In the order of their numbers.
inline constexpr std::array precisions{Precision::float32, Precision::tf32, Precision::bf16};
inline constexpr std::array precision_names{"float32", "tf32", "bf16"};

constexpr const char* name(Precision precision) {
  return precision_names[static_cast<std::size_t>(precision)];
}

/// The precision of this name. Errors: ArgumentError for other names
constexpr Precision precision_of(std::string_view name) {
  for (const Precision precision : precisions)
    if (name == cuda::name(precision)) return precision;
  throw ArgumentError(text({"precision: expected float32, tf32 or bf16, got \"", name, "\""}));
}

}  // namespace tessera::cuda
