// SPDX-License-Identifier: BSD-3-Clause
// What cuDNN is asked for: one pass of one convolution, as a value that can be a key. No cuDNN
// here.
#pragma once
#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/cuda/precision.hpp>
#include <tessera/tensor/conv2d_problem.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

enum class ConvolutionPass { forward, backward_input, backward_weight };

constexpr std::string_view name(ConvolutionPass pass) {
  if (pass == ConvolutionPass::forward) return "forward";
  return pass == ConvolutionPass::backward_input ? "backward_input" : "backward_weight";
}

/// One pass of one convolution, x and y channels-last:
///   forward          y  = conv(x, w)
///   backward_input   dx = conv^T(dy, w)
///   backward_weight  dw = x * dy
/// x, dx [N, H, W, I] and y, dy [N, H', W', O] with pixel strides in elements, >= channels.
/// w, dw [O, K, K, I], contiguous: Tessera's [K, K, I, O] as a matrix [K*K*I, O], transposed.
/// There is no choice of layout: told the strides of Tessera's order, cuDNN 9.19 plans without an
/// error what it plans for this one, engine by engine and byte by byte, so it would read this one.
struct CudnnProblem {
  kernels::Conv2dProblem sizes;
  ConvolutionPass pass = ConvolutionPass::forward;
  Precision precision = Precision::float32;
  std::ptrdiff_t x_stride = 0, y_stride = 0;
  bool add = false;  ///< the result is added to what is there

  constexpr std::array<std::int64_t, 15> key() const {
    const kernels::Conv2dProblem& s = sizes;
    // clang-format off
    return {s.batch, s.in_height, s.in_width, s.in_channels, s.out_height, s.out_width,
            s.out_channels, s.kernel, s.stride, s.padding, static_cast<int>(pass),
            static_cast<int>(precision), x_stride, y_stride, add};
    // clang-format on
  }
  friend constexpr auto operator<=>(const CudnnProblem& a, const CudnnProblem& b) {
    return a.key() <=> b.key();
  }
  friend constexpr bool operator==(const CudnnProblem& a, const CudnnProblem& b) {
    return a.key() == b.key();
  }
};

/// "convolution forward 3x3 stride 1, 128x32x32x3 -> 32", for errors.
inline std::string to_text(const CudnnProblem& problem) {
  const kernels::Conv2dProblem& s = problem.sizes;
  return text({"convolution ", name(problem.pass), " ", s.kernel, "x", s.kernel, " stride ",
               s.stride, ", ", s.batch, "x", s.in_height, "x", s.in_width, "x", s.in_channels,
               " -> ", s.out_channels});
}

/// Throws ArgumentError where the sizes are no convolution, a pixel stride is below its channels,
/// or the precision is bf16: for an H200 cuDNN 9.19 offers no engine, whatever the pass, from
/// bfloat16 tensors to a float32 one, and Tessera's results are float32.
inline void check(const CudnnProblem& problem) {
  const kernels::Conv2dProblem& s = problem.sizes;
  const auto demand = [&](bool holds, std::initializer_list<TextPart> complaint) {
    if (!holds) throw ArgumentError(text({"cuDNN: ", to_text(problem), ": ", text(complaint)}));
  };
  demand(problem.precision != Precision::bf16, {"products in bf16; expected float32 or tf32"});
  demand(std::min({s.batch, s.in_height, s.in_width, s.in_channels, s.out_channels, s.kernel,
                   s.stride}) >= 1 &&
             s.padding >= 0,
         {"sizes must be positive, and the padding, ", s.padding, ", not negative"});
  const auto demand_side = [&](std::string_view side, int in, int out) {
    const std::int64_t padded = in + 2 * std::int64_t{s.padding};
    demand(s.kernel <= padded, {"the kernel is larger than the padded ", side, " of ", padded});
    const std::int64_t expected = (padded - s.kernel) / s.stride + 1;
    demand(out == expected, {"output ", side, " must be ", expected, ", got ", out});
  };
  demand_side("height", s.in_height, s.out_height);
  demand_side("width", s.in_width, s.out_width);
  demand(problem.x_stride >= s.in_channels, {"the pixel stride of x, ", problem.x_stride,
                                             ", is below its ", s.in_channels, " channels"});
  demand(problem.y_stride >= s.out_channels, {"the pixel stride of y, ", problem.y_stride,
                                              ", is below its ", s.out_channels, " channels"});
}

/// Bytes that a tensor's address is a multiple of. A slice of channels begins with any element.
inline constexpr std::int64_t cudnn_aligned = 16;
constexpr std::int64_t cudnn_alignment(std::ptrdiff_t stride, int channels) {
  return stride == channels ? cudnn_aligned : std::int64_t{sizeof(float)};
}
inline bool is_aligned(const void* data, std::int64_t bytes) {
  return reinterpret_cast<std::uintptr_t>(data) % static_cast<std::size_t>(bytes) == 0;
}

/// What a pass reads and writes, by the names that it has in CudnnProblem.
struct CudnnTensors {
  void *x, *w, *y;
};
/// From the arguments of CudnnConvolution::run. Throws ArgumentError where one is missing or not
/// aligned, or a workspace is needed and missing.
inline CudnnTensors tensors_of(const CudnnProblem& problem, const void* first, const void* second,
                               void* result, bool workspace_missing) {
  const auto demand = [&](bool holds, std::string_view complaint) {
    if (!holds) throw ArgumentError(text({"cuDNN: ", to_text(problem), ": ", complaint}));
  };
  demand(!workspace_missing, "expected a workspace, got none");
  CudnnTensors t{const_cast<void*>(first), const_cast<void*>(second), result};
  if (problem.pass == ConvolutionPass::backward_input) std::swap(t.x, t.y);
  if (problem.pass == ConvolutionPass::backward_weight) std::swap(t.w, t.y);
  const auto aligned = [](const void* data, std::int64_t bytes) {
    return data && is_aligned(data, bytes);
  };
  const kernels::Conv2dProblem& s = problem.sizes;
  demand(aligned(t.x, cudnn_alignment(problem.x_stride, s.in_channels)) &&
             aligned(t.w, cudnn_aligned) &&
             aligned(t.y, cudnn_alignment(problem.y_stride, s.out_channels)),
         "a tensor is missing, or does not begin at a multiple of 16 bytes (a slice: 4)");
  return t;
}

}  // namespace tessera::cuda
