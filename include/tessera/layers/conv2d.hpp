// SPDX-License-Identifier: BSD-3-Clause
// Conv2d: y[p, o] = sum_{u, i} x[S p - P + u, i] w[o, i, u] + b[o] (cross-correlation, zero
// padding).
#pragma once
#include <tessera/kernels/conv2d.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>
#include <tessera/layers/window.hpp>

namespace tessera {

namespace detail {

constexpr kernels::Conv2dProblem conv2d_problem(int batch, const Shape& in, const Shape& out,
                                                const Window& w) {
  return {batch,     in.height,    in.width, in.channels, out.height,
          out.width, out.channels, w.size,   w.step,      w.pad};
}
/// Largest scratch of the passes that may run at that time.
constexpr std::size_t conv2d_workspace(const WorkspaceRequest& r, const Window& w) {
  const auto p = conv2d_problem(r.batch, r.inputs.shape[0], r.output, w);
  const bool f64 = r.scalar_size == sizeof(double);
  if (!r.backward)
    return f64 ? kernels::conv2d_forward_workspace<double>(p)
               : kernels::conv2d_forward_workspace<float>(p);
  const std::size_t input = f64 ? kernels::conv2d_backward_input_workspace<double>(p)
                                : kernels::conv2d_backward_input_workspace<float>(p);
  const std::size_t weight = f64 ? kernels::conv2d_backward_weight_workspace<double>(p)
                                 : kernels::conv2d_backward_weight_workspace<float>(p);
  return input > weight ? input : weight;
}
constexpr std::int64_t conv2d_flops(const Shape& in, const Shape& out, const Window& w) {
  return 2 * out.size() * in.channels * w.size * w.size;
}

/// Forward of plain and partial convolution: mask and scale are null for the plain one.
template <Window W, class Device, class T>
void conv2d_forward(const Run<Device, T>& run, ValidView valid, const T* scale) {
  const auto problem = conv2d_problem(run.batch(), run.x().shape(), run.y().shape(), W);
  kernels::conv2d_forward<W.size, W.step>(
      run.context(), problem, run.x(), valid, static_cast<const T*>(run.parameter(0).data),
      W.with_bias ? static_cast<const T*>(run.parameter(1).data) : nullptr, scale, run.y(),
      run.workspace());
}
template <Window W, class Device, class T>
void conv2d_backward(const Run<Device, T>& run, ValidView valid, const T* scale) {
  const auto problem = conv2d_problem(run.batch(), run.x().shape(), run.y().shape(), W);
  if (run.dx())
    kernels::conv2d_backward_input<W.size, W.step>(run.context(), problem, run.dy(), valid,
                                                   static_cast<const T*>(run.parameter(0).data),
                                                   scale, run.dx(), run.workspace());
  if (run.gradient(0))
    kernels::conv2d_backward_weight<W.size, W.step>(
        run.context(), problem, run.x(), valid, run.dy(), scale, run.gradient(0).data,
        W.with_bias ? run.gradient(1).data : nullptr, run.workspace());
}

}  // namespace detail

/// 2-D convolution. A masked stream may come in; its mask ends here.
///
/// y[n, p, o] = sum_{u, i} x[n, S p - P + u, i] w[o, i, u] + b[o]
///
/// Shapes     x [N, H, W, In]  ->  y [N, H', W', Out],  H' = floor((H + 2 P - K) / S) + 1
/// Template   In  channels (> 0) or `any`;  Out  channels (> 0)
///            W   window, such as kernel(3).same() or kernel(4).stride(2).padding(1)
/// State      weight [Out, In, K, K], bias [Out];  both U(-1/sqrt(In K K), 1/sqrt(In K K))
/// Gradients  weight, bias: added to (+=).  x: assigned (=)
/// Errors     channels, window
template <int In, int Out, Window W>
struct Conv2d {
  static_assert(count_or_any(In) && Out > 0, "tessera: Conv2d needs positive channel counts");
  static_assert(W.valid() && W.extra == 0,
                "tessera: Conv2d needs kernel > 0, stride > 0, 0 <= padding < kernel and no output "
                "padding");
  static constexpr std::string_view name = "conv2d";
  static constexpr bool needs_x = true, needs_y = false, strided = true, makes_mask = true;
  static constexpr Reach reach{W.size, W.step, W.pad, 1,
                               kernels::conv2d_grid(W.size, W.step, In, Out)};

  static constexpr ShapeOrComplaint output_shape(Shape in) { return convolved(in, W, In, Out); }
  static constexpr auto parameters(Shape in) {
    const int channels = deduced(In, in.channels);
    const double fan_in = static_cast<double>(channels) * W.size * W.size;
    Parameter weight{"weight",
                     {Out, channels, W.size, W.size},
                     torch_default(fan_in),
                     Role::trained,
                     Order::kernel_first};
    if constexpr (W.with_bias)
      return tessera::parameters(weight, Parameter{"bias", {Out}, torch_default(fan_in)});
    else return tessera::parameters(weight);
  }
  static constexpr std::size_t workspace(const WorkspaceRequest& r) {
    return detail::conv2d_workspace(r, W);
  }
  static constexpr std::int64_t flops(Shape in, Shape out) {
    return detail::conv2d_flops(in, out, W);
  }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    detail::conv2d_forward<W>(run, ValidView{}, static_cast<const T*>(nullptr));
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    detail::conv2d_backward<W>(run, ValidView{}, static_cast<const T*>(nullptr));
  }
};

}  // namespace tessera
