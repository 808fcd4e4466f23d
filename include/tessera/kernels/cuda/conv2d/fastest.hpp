// SPDX-License-Identifier: BSD-3-Clause
// The passes of a convolution on a GPU by Tessera's kernels or by cuDNN, as the context says; where
// the faster one is asked for, the first run of a pass measures both.
#pragma once
#include <functional>
#include <type_traits>

#include <tessera/kernels/cuda/conv2d/cudnn.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// Seconds of one call of work(), on the GPU; in a graph, as steps are repeated.
inline double seconds_of(Engine& engine, const std::function<void()>& work) {
  constexpr int calls = 3;
  work();  // what a graph may not do: memory grows, kernels are loaded
  runtime::Graph graph(engine.stream(), [&] {
    for (int i = 0; i < calls; ++i) work();
  });
  return runtime::seconds_of(graph, engine.stream()) / calls;
}

/// Computes a pass by own(result) or by_cudnn(plan, result). `added`: how many numbers of result it
/// adds to; 0 where it assigns, so that it may run again.
inline void run_fastest(const Context<Cuda>& context, const ConvolutionCall& call, float* result,
                        long added, const std::function<void(float*)>& own,
                        const std::function<void(const CudnnConvolution&, float*)>& by_cudnn) {
  Engine& engine = context.engine();
  ConvolutionChoices& choices = engine.convolutions();
  const ConvolutionChoice choice = choices.find(context.convolutions, call, engine.stream());
  if (!choice.plan) return own(result);
  if (choice.decided) return by_cudnn(*choice.plan, result);
  if (engine.preparing()) {
    own(result);
    return by_cudnn(*choice.plan, result);
  }
  if (engine.stream().recording()) return own(result);
  const Allocation sums(static_cast<std::size_t>(added) * sizeof(float));
  engine.clear(sums);
  float* const to = added ? reinterpret_cast<float*>(sums.data()) : result;
  const double seconds_own = seconds_of(engine, [&] { own(to); });
  bool cudnn_is_faster = false;
  try {
    cudnn_is_faster = seconds_of(engine, [&] { by_cudnn(*choice.plan, to); }) < seconds_own;
    choices.remember(call, cudnn_is_faster);
  } catch (const DeviceError&) {
    choices.refuse(call);  // a plan that cannot run is not the faster one
  }
  if (cudnn_is_faster) by_cudnn(*choice.plan, result);
  else own(result);
}

/// Errors: DeviceError where cuDNN is demanded for another T than float
template <class T>
void check_own(const Context<Cuda>& context) {
  static_assert(!std::is_same_v<T, float>);
  if (context.convolutions == Convolutions::cudnn)
    throw DeviceError("convolutions by cuDNN were asked for: Tessera calls it for float alone");
}

/// The stride of the pixels that cuDNN is given for a view: without gaps where they are copied.
inline std::ptrdiff_t cudnn_stride(View<const float> view, bool copied) {
  return copied ? view.channels : view.stride;
}

/// convolve_forward or, turned, convolve_backward.
template <class T>
void convolve_fastest(const Context<Cuda>& context, const kernels::Conv2dProblem& p,
                      const Convolution<T>& c, bool turned) {
  const auto own = [&](T*) {
    if (turned) convolve_backward(context, p, c, backward_cut(p, c));
    else convolve_forward(context, p, c, forward_cut(p, c));
  };
  if constexpr (std::is_same_v<T, float>) {
    const bool masked = c.mask.data, scaled = c.scale;
    const std::ptrdiff_t x = cudnn_stride(c.x, turned ? scaled : masked), y = c.y.stride;
    const CudnnProblem problem{p,
                               turned ? ConvolutionPass::backward_input : ConvolutionPass::forward,
                               context.precision, turned ? y : x, turned ? x : y};
    run_fastest(context, {problem, masked, scaled, c.bias != nullptr}, c.y.data, 0, std::cref(own),
                [&](const CudnnConvolution& plan, float*) {
                  convolve_by_cudnn(context, plan, p, c, turned);
                });
  } else {
    check_own<T>(context);
    own(nullptr);
  }
}

/// add_weight_gradient, with `partial` from the engine's scratch.
template <class T>
void add_fastest_weight_gradient(const Context<Cuda>& context, const kernels::Conv2dProblem& p,
                                 View<const T> x, ValidView valid, View<const T> dy, const T* scale,
                                 T* dweight) {
  const auto own = [&](T* to) {
    const GemmCut cut = backward_weight_cut(p, x, valid);
    T* const partial = scratch<T>(context, backward_weight_sums(p, cut));
    add_weight_gradient(context, p, x, valid, dy, scale, to, partial, cut);
  };
  if constexpr (std::is_same_v<T, float>) {
    const bool masked = valid.data, scaled = scale;
    const CudnnProblem problem{p, ConvolutionPass::backward_weight, context.precision,
                               cudnn_stride(x, masked), cudnn_stride(dy, scaled)};
    const long weights = long{p.kernel} * p.kernel * p.in_channels * p.out_channels;
    run_fastest(context, {problem, masked, scaled, false}, dweight, weights, std::cref(own),
                [&](const CudnnConvolution& plan, float* to) {
                  add_weight_gradient_by_cudnn(context, plan, p, x, valid, dy, scale, to);
                });
  } else {
    check_own<T>(context);
    own(dweight);
  }
}

}  // namespace tessera::cuda
