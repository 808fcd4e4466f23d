// SPDX-License-Identifier: BSD-3-Clause
// Dropout: in training each element is zero with a probability, and the others grow to make up.
#pragma once
#include <tessera/kernels/copy.hpp>
#include <tessera/kernels/dropout.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/options.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// Drops elements at random in training; does nothing in evaluation.
///
/// training     y = 0 with probability P, else x / (1 - P), each element for itself
/// evaluation   y = x
///
/// Which elements are dropped depends on the model's seed, the place of the layer in the network
/// and the number of training forwards before this one, not on threads or on other passes. Backward
/// makes the same numbers again, so nothing is kept.
///
/// Shapes     x [N, H, W, C]  ->  y [N, H, W, C]; masks are passed on
/// Template   P  probability(0.5) unless given, at least 0 and below 1
/// Gradients  x: assigned (=); 0 where the element was dropped, else dy / (1 - P)
/// Source     [srivastava2014]
template <Probability P = probability(0.5)>
struct Dropout {
  static_assert(P.value >= 0 && P.value < 1,
                "tessera: Dropout needs a probability of at least 0 and below 1");
  static constexpr std::string_view name = "dropout";
  static constexpr bool needs_x = false, needs_y = false, strided = true, in_place = true;

  static constexpr Shape output_shape(Shape in) { return in; }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    apply<Device, T>(run, run.x(), run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    if (run.dx()) apply<Device, T>(run, run.dy(), run.dx());
  }

 private:
  template <class Device, class T>
  static void apply(const Run<Device, T>& run, View<const T> from, View<T> to) {
    if (run.training() && P.value > 0)
      kernels::dropout(run.context(), P.value, run.random(), from, to);
    else if (from.data != to.data) kernels::copy(run.context(), from, to);
  }
};

}  // namespace tessera
