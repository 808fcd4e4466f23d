// SPDX-License-Identifier: BSD-3-Clause
// PReLU: ReLU with a trained slope for negative inputs.
#pragma once
#include <tessera/kernels/prelu.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// Leaky ReLU whose slope is trained, one for all channels.
///
/// y = x where x > 0, else weight * x
///
/// Shapes     x [N, H, W, C]  ->  y [N, H, W, C]; masks are passed on
/// State      weight [1] = 0.25
/// Gradients  weight: added to (+=), the sum of dy x over x <= 0.  x: assigned (=); weight dy at 0
/// Source     [he2015]
struct PReLU {
  static constexpr std::string_view name = "prelu";
  static constexpr bool needs_x = true, needs_y = false, strided = true, gradient_in_place = true;

  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr auto parameters(Shape) {
    return tessera::parameters(Parameter{"weight", {1}, constant(0.25)});
  }
  static constexpr std::size_t workspace(const WorkspaceRequest& r) {
    return r.backward ? kernels::prelu_workspace(r.batch, r.output) : 0;
  }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::prelu_forward(run.context(), run.parameter(0).data, run.x(), run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::prelu_backward(run.context(), run.parameter(0).data, run.x(), run.dy(), run.dx(),
                            run.gradient(0).data, run.workspace());
  }
};

}  // namespace tessera
