// SPDX-License-Identifier: BSD-3-Clause
// Scratch bytes of the convolution's kernels.
#pragma once
#include <cstddef>
#include <type_traits>

#include <tessera/kernels/cpu/conv2d/forward_plan.hpp>
#include <tessera/kernels/cpu/conv2d/narrow_plan.hpp>
#include <tessera/kernels/cpu/conv2d/weight_plan.hpp>
#include <tessera/kernels/cpu/conv2d/winograd_plan.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/conv2d_problem.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

#ifdef TESSERA_COMPILED
// What the kernels that were chosen for this processor need.
namespace library {
template <class T>
std::size_t conv2d_forward_workspace(const Conv2dProblem&);
template <class T>
std::size_t conv2d_backward_input_workspace(const Conv2dProblem&);
template <class T>
std::size_t conv2d_backward_weight_workspace(const Conv2dProblem&);
}  // namespace library
#endif

template <class T>
constexpr std::size_t conv2d_forward_workspace(const Conv2dProblem& p) {
#ifdef TESSERA_COMPILED
  if (!std::is_constant_evaluated()) return library::conv2d_forward_workspace<T>(p);
#endif
  if (cpu::winograd_pays(p)) return cpu::WinogradPlan<T>(p).bytes();
  if (cpu::forward_is_narrow<T>(p)) return cpu::NarrowPlan<T>(cpu::narrow_forward(p)).bytes();
  return cpu::ForwardPlan<T>(p).bytes();
}

template <class T>
constexpr std::size_t conv2d_backward_input_workspace(const Conv2dProblem& p) {
#ifdef TESSERA_COMPILED
  if (!std::is_constant_evaluated()) return library::conv2d_backward_input_workspace<T>(p);
#endif
  if (cpu::winograd_pays(p)) return cpu::WinogradPlan<T>(cpu::winograd_turned(p)).bytes();
  if (cpu::is_narrow<T>(p.in_channels, p.kernel))
    return cpu::NarrowPlan<T>(cpu::narrow_backward(p)).bytes();
  return cpu::BackwardInputPlan<T>(p).bytes();
}

template <class T>
constexpr std::size_t conv2d_backward_weight_workspace(const Conv2dProblem& p) {
#ifdef TESSERA_COMPILED
  if (!std::is_constant_evaluated()) return library::conv2d_backward_weight_workspace<T>(p);
#endif
  if (cpu::winograd_pays(p)) return cpu::WinogradWeightPlan<T>(p).bytes();
  return cpu::BackwardWeightPlan<T>(p).bytes();
}

}  // namespace tessera::kernels
