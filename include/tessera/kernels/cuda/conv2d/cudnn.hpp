// SPDX-License-Identifier: BSD-3-Clause
// The passes of a convolution by cuDNN, which knows neither masks nor Tessera's order of weights:
// what is multiplied is selected and scaled beforehand, what comes out finished behind it, and
// weights are transposed.
#pragma once
#include <tessera/kernels/cuda/conv2d/backward_weight.hpp>
#include <tessera/kernels/cuda/conv2d/convolve.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(conv2d_cudnn_text, (&gemm_operand_text, &views_text),
  // y = scale * x + bias where x is valid and its pixel's scale is not 0, else exactly 0; y may be
  // x. `lanes` threads stand side by side on a pixel's channels, in fours if Fours.
  template <class T, int Fours>
  __global__ void select_pixels(Span<const T> x, Mask valid, const T* scale, const T* bias,
                                Span<T> y, int lanes) {
    constexpr int width = Fours ? 4 : 1;
    const int thread = static_cast<int>(threadIdx.x);
    const int rows = static_cast<int>(blockDim.x) / lanes;
    const long p = static_cast<long>(blockIdx.x) * rows + thread / lanes;
    if (p >= x.pixels()) return;
    const T factor = scale ? scale[p] : T(1);
    for (int c = thread % lanes * width; c < x.channels; c += lanes * width) {
      Few<T, width> few{};
      if (factor != T(0) && valid.valid(p, valid.group_of(c))) {
        few = *reinterpret_cast<const Few<T, width>*>(&x.at(p, c));
        TESSERA_CUDA_UNROLL
        for (int j = 0; j < width; ++j) few.v[j] = factor * few.v[j] + (bias ? bias[c + j] : T(0));
      }
      *reinterpret_cast<Few<T, width>*>(&y.at(p, c)) = few;
    }
  }
  // to [columns, rows] = from [rows, columns] transposed, or += if Add: a tile of 32 x 32 a block of
  // 32 x 8.
  template <class T, int Add>
  __global__ void transpose_weights(const T* from, int rows, int columns, T* to) {
    __shared__ T tile[32][33];
    const int lane = static_cast<int>(threadIdx.x);
    const int first_row = static_cast<int>(blockIdx.x) * 32;
    const int first_column = static_cast<int>(blockIdx.y) * 32;
    for (int i = static_cast<int>(threadIdx.y); i < 32; i += 8)
      if (first_row + i < rows && first_column + lane < columns)
        tile[i][lane] = from[static_cast<long>(first_row + i) * columns + first_column + lane];
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.y); i < 32; i += 8) {
      if (first_column + i >= columns || first_row + lane >= rows) continue;
      T& result = to[static_cast<long>(first_column + i) * rows + first_row + lane];
      result = Add ? result + tile[lane][i] : tile[lane][i];
    }
  }
)
// clang-format on

/// What is done to pixels before or behind cuDNN: see select_pixels.
struct PixelWork {
  ValidView valid{};
  const float* scale = nullptr;
  const float* bias = nullptr;
  explicit operator bool() const { return valid.data || scale || bias; }
};

inline void select_pixels(const Context<Cuda>& context, View<const float> x, const PixelWork& work,
                          View<float> y) {
  constexpr int threads = 256;
  const bool fours = in_fours(x.data, x.channels, x.stride, work.valid.groups) &&
                     in_fours(y.data, y.channels, y.stride);
  int lanes = 1;
  while (lanes < 32 && lanes * (fours ? 4 : 1) < x.channels) lanes *= 2;
  const auto launch = [&](const auto& kernel) {
    const long rows = threads / lanes;
    context.engine().launch(kernel, {static_cast<unsigned>((x.pixels() + rows - 1) / rows), 1, 1},
                            {threads, 1, 1}, 0, span_of(x), mask_of(work.valid), work.scale,
                            work.bias, span_of(y), lanes);
  };
  if (fours) launch(TESSERA_CUDA_KERNEL(conv2d_cudnn_text, select_pixels, (float), (1)));
  else launch(TESSERA_CUDA_KERNEL(conv2d_cudnn_text, select_pixels, (float), (0)));
}

template <int Add>
void transpose_weights(const Context<Cuda>& context, const float* from, int rows, int columns,
                       float* to) {
  const auto tiles = [](int n) { return static_cast<unsigned>((n + 31) / 32); };
  context.engine().launch(TESSERA_CUDA_KERNEL(conv2d_cudnn_text, transpose_weights, (float), (Add)),
                          {tiles(rows), tiles(columns), 1}, {32, 8, 1}, 0, from, rows, columns, to);
}

/// Whether cuDNN can be given a view as it lies.
inline bool fits_cudnn(View<const float> v) {
  return is_aligned(v.data, cudnn_alignment(v.stride, v.channels));
}

/// The scratch of one pass: what cuDNN is given in place of a tensor, and its workspace.
class CudnnScratch {
 public:
  /// Room for a view's numbers without gaps, unless cuDNN is given the view itself.
  std::size_t add(View<const float> view, const PixelWork& work) {
    return add(work || !fits_cudnn(view) ? view.size() : 0);
  }
  std::size_t add(long numbers) {
    return reserve(static_cast<std::size_t>(numbers) * sizeof(float));
  }
  void place(const Context<Cuda>& context, const CudnnConvolution& plan) {
    const std::size_t workspace = reserve(plan.workspace_bytes());
    data_ = context.engine().scratch(bytes_);
    workspace_ = data_ + workspace;
  }
  float* at(std::size_t offset) const { return reinterpret_cast<float*>(data_ + offset); }
  std::byte* workspace() const { return workspace_; }

 private:
  std::size_t reserve(std::size_t bytes) {
    return std::exchange(bytes_, bytes_ + (bytes + 255) / 256 * 256);
  }
  std::size_t bytes_ = 0;
  std::byte *data_ = nullptr, *workspace_ = nullptr;
};

/// A view's pixels without gaps at `data`.
inline View<float> packed(float* data, View<const float> v) {
  return make_view(data, v.batch, Shape{v.height, v.width, v.channels});
}
/// x after the work, at `copy`; x itself where it can stay.
inline const float* selected(const Context<Cuda>& context, View<const float> x,
                             const PixelWork& work, float* copy) {
  if (!work && fits_cudnn(x)) return x.data;
  select_pixels(context, x, work, packed(copy, x));
  return copy;
}
inline void run_cudnn(const Context<Cuda>& context, const CudnnConvolution& plan,
                      const float* first, const float* second, float* result,
                      std::byte* workspace) {
  Engine& engine = context.engine();
  if (engine.preparing()) return;
  plan.run(engine.convolutions().handle(engine.stream()), first, second, result, workspace);
}

/// convolve_forward or, turned, convolve_backward.
inline void convolve_by_cudnn(const Context<Cuda>& context, const CudnnConvolution& plan,
                              const kernels::Conv2dProblem& p, const Convolution<float>& c,
                              bool turned) {
  const PixelWork before = turned ? PixelWork{{}, c.scale} : PixelWork{c.mask};
  const PixelWork behind =
      turned ? PixelWork{c.mask, nullptr, c.bias} : PixelWork{{}, c.scale, c.bias};
  const int window = p.kernel * p.kernel * p.in_channels;
  CudnnScratch scratch;
  const std::size_t x = scratch.add(c.x, before), y = scratch.add(c.y, {});
  const std::size_t weight = scratch.add(long{window} * p.out_channels);
  scratch.place(context, plan);
  const View<float> to = fits_cudnn(c.y) ? c.y : packed(scratch.at(y), c.y);
  const float* const from = selected(context, c.x, before, scratch.at(x));
  transpose_weights<0>(context, c.weight, window, p.out_channels, scratch.at(weight));
  run_cudnn(context, plan, from, scratch.at(weight), to.data, scratch.workspace());
  if (behind || to.data != c.y.data) select_pixels(context, to, behind, c.y);
}

/// add_weight_gradient.
inline void add_weight_gradient_by_cudnn(const Context<Cuda>& context, const CudnnConvolution& plan,
                                         const kernels::Conv2dProblem& p, View<const float> x,
                                         ValidView valid, View<const float> dy, const float* scale,
                                         float* dweight) {
  const PixelWork of_x{valid}, of_dy{{}, scale};
  const int window = p.kernel * p.kernel * p.in_channels;
  CudnnScratch scratch;
  const std::size_t at_x = scratch.add(x, of_x);
  const std::size_t at_dy = scratch.add(dy, of_dy);
  const std::size_t at_sums = scratch.add(long{window} * p.out_channels);
  scratch.place(context, plan);
  const float* const from_x = selected(context, x, of_x, scratch.at(at_x));
  const float* const from_dy = selected(context, dy, of_dy, scratch.at(at_dy));
  run_cudnn(context, plan, from_x, from_dy, scratch.at(at_sums), scratch.workspace());
  transpose_weights<1>(context, scratch.at(at_sums), p.out_channels, window, dweight);
}

}  // namespace tessera::cuda
