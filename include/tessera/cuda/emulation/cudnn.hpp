// SPDX-License-Identifier: BSD-3-Clause
// cuDNN of an emulated GPU, for tests: the classes of <tessera/cuda/cudnn/cudnn.hpp> that run a
// convolution, by plain loops. There is none unless a test says so.
#pragma once
#include <bit>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include <tessera/cuda/cudnn/problem.hpp>
#include <tessera/cuda/emulation/intrinsics.hpp>
#include <tessera/cuda/emulation/runtime.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// What tests decide and see of the emulated GPU's cuDNN.
struct EmulatedCudnn {
  bool present = false, has_engines = true, runs_fail = false;
  int plans = 0, runs = 0;  // made, and put into a stream
};
inline EmulatedCudnn emulated_cudnn;

class CudnnLibrary {
 public:
  static const CudnnLibrary& instance() {
    static const CudnnLibrary library;
    return library;
  }
  bool available() const { return emulated_cudnn.present; }
  std::string_view why_not() const { return available() ? "" : "the emulated GPU has no cuDNN"; }
  std::size_t version() const { return available() ? 91900 : 0; }
};

class CudnnHandle {
 public:
  explicit CudnnHandle(void* stream) : stream_(static_cast<const runtime::Stream*>(stream)) {
    if (!emulated_cudnn.present) throw DeviceError(std::string(CudnnLibrary::instance().why_not()));
  }
  const runtime::Stream& stream() const { return *stream_; }

 private:
  const runtime::Stream* stream_;
};

namespace detail {

/// The pass by its definition. All three go through the same triples of an x, a w and a y: two of
/// them are multiplied and added to the third.
inline void convolve_plainly(const CudnnProblem& problem, const CudnnTensors& tensors) {
  const kernels::Conv2dProblem& s = problem.sizes;
  const auto x = static_cast<float*>(tensors.x), w = static_cast<float*>(tensors.w);
  const auto y = static_cast<float*>(tensors.y);
  const auto rounded = [&](float v) {
    return problem.precision == Precision::tf32 ? std::bit_cast<float>(to_tf32(v)) : v;
  };
  const auto clear = [&](float* pixels, long count, int channels, std::ptrdiff_t stride) {
    for (long p = 0; p < count && !problem.add; ++p)
      std::memset(pixels + p * stride, 0, static_cast<std::size_t>(channels) * sizeof(float));
  };
  const int window = s.kernel * s.kernel * s.in_channels;
  if (problem.pass == ConvolutionPass::forward)
    clear(y, long{s.batch} * s.out_height * s.out_width, s.out_channels, problem.y_stride);
  else if (problem.pass == ConvolutionPass::backward_input)
    clear(x, long{s.batch} * s.in_height * s.in_width, s.in_channels, problem.x_stride);
  else clear(w, s.out_channels, window, window);
  for (long q = 0; q < long{s.batch} * s.out_height * s.out_width; ++q) {
    const long n = q / (s.out_height * s.out_width), at = q % (s.out_height * s.out_width);
    float* const to = y + q * problem.y_stride;
    for (int tap = 0; tap < s.kernel * s.kernel; ++tap) {
      const long h = at / s.out_width * s.stride - s.padding + tap / s.kernel;
      const long v = at % s.out_width * s.stride - s.padding + tap % s.kernel;
      if (h < 0 || h >= s.in_height || v < 0 || v >= s.in_width) continue;
      float* const from = x + ((n * s.in_height + h) * s.in_width + v) * problem.x_stride;
      for (int o = 0; o < s.out_channels; ++o) {
        float* const weights = w + long{o} * window + tap * s.in_channels;
        for (int i = 0; i < s.in_channels; ++i) {
          const auto add = [&](float& result, float a, float b) {
            result += rounded(a) * rounded(b);
          };
          if (problem.pass == ConvolutionPass::forward) add(to[o], from[i], weights[i]);
          else if (problem.pass == ConvolutionPass::backward_input) add(from[i], to[o], weights[i]);
          else add(weights[i], from[i], to[o]);
        }
      }
    }
  }
}

}  // namespace detail

class CudnnConvolution {
 public:
  CudnnConvolution(const CudnnProblem& problem, const CudnnHandle&) : problem_(problem) {
    check(problem);
    if (!emulated_cudnn.has_engines)
      throw DeviceError(text(
          {"cuDNN: no deterministic engine of the precision asked for in ", to_text(problem)}));
    ++emulated_cudnn.plans;
  }

  std::size_t workspace_bytes() const { return 1000; }
  std::string engine() const { return "emulated"; }

  /// What lies in the workspace is lost.
  void run(const CudnnHandle& handle, const void* first, const void* second, void* result,
           void* workspace) const {
    const CudnnTensors tensors = tensors_of(problem_, first, second, result, !workspace);
    if (emulated_cudnn.runs_fail) throw DeviceError("cuDNN: cudnnBackendExecute: failed");
    ++emulated_cudnn.runs;
    handle.stream().put([problem = problem_, tensors, workspace, bytes = workspace_bytes()] {
      std::memset(workspace, 0xFF, bytes);
      detail::convolve_plainly(problem, tensors);
    });
  }

 private:
  CudnnProblem problem_;
};

}  // namespace tessera::cuda
