// SPDX-License-Identifier: BSD-3-Clause
// A pointwise function as a layer. A functor made by TESSERA_POINTWISE may stand in a network as it
// is.
#pragma once
#include <tessera/kernels/pointwise.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// y = f(x), element by element; dx = dy f'(x, y).
///
/// Shapes     x [N, H, W, C]  ->  y [N, H, W, C]; masks are passed on
/// Template   Function  a functor made by TESSERA_POINTWISE, or written alike
/// Gradients  x: assigned (=).  Runs in place where the derivative does not need x
template <class Function>
struct Pointwise {
  static constexpr std::string_view name = [] {
    if constexpr (requires { std::string_view{Function::name}; })
      return std::string_view{Function::name};
    else return std::string_view{"pointwise"};
  }();
  static_assert(pointwise::chooses_by_select<Function>(),
                "tessera: a pointwise text works on vectors: write select(condition, a, b) "
                "instead of ?: or if");
  static constexpr bool needs_x = pointwise::needs_x<Function>(),
                        needs_y = pointwise::needs_y<Function>();
  static constexpr bool in_place = true, strided = true;

  static constexpr Shape output_shape(Shape in) { return in; }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::pointwise_forward(run.context(), Function{}, run.x(), run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::pointwise_backward(run.context(), Function{}, run.x(), View<const T>(run.y()),
                                run.dy(), run.dx());
  }
};

}  // namespace tessera
