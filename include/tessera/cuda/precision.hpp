// SPDX-License-Identifier: BSD-3-Clause
// In which precision a GPU multiplies. It is always the caller's choice: nothing below float32
// happens silently.
#pragma once

namespace tessera::cuda {

/// What the inputs of products (convolutions, matrix products) are rounded to; sums are float32 in
/// all three.
enum class Precision {
  float32,  ///< not rounded: products in float32
  tf32,     ///< rounded to 10 mantissa bits with the exponent of float32 (TensorFloat-32)
  bf16,     ///< rounded to bfloat16: 7 mantissa bits with the exponent of float32
};

}  // namespace tessera::cuda
