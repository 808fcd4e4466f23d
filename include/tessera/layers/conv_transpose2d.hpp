// SPDX-License-Identifier: BSD-3-Clause
// ConvTranspose2d: the gradient of a convolution from its output to its input, as a layer that
// enlarges.
#pragma once
#include <tessera/kernels/conv_transpose2d.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>
#include <tessera/layers/window.hpp>

namespace tessera {

namespace detail {

/// The convolution that is turned round: from y to x.
constexpr kernels::Conv2dProblem turned_problem(int batch, const Shape& x, const Shape& y,
                                                const Window& w) {
  return {batch,   y.height,   y.width, y.channels, x.height,
          x.width, x.channels, w.size,  w.step,     w.pad};
}
template <class T>
constexpr std::size_t conv_transpose2d_workspace(const WorkspaceRequest& r, const Window& w) {
  const auto p = turned_problem(r.batch, r.inputs.shape[0], r.output, w);
  return r.backward ? kernels::conv_transpose2d_backward_workspace<T>(p)
                    : kernels::conv_transpose2d_forward_workspace<T>(p);
}

}  // namespace detail

/// 2-D transposed convolution. A masked stream may come in; its mask ends here.
///
/// y[n, q, o] = b[o] + sum over p, u with S p - P + u = q, and i, of x[n, p, i] w[i, o, u]
///
/// Shapes     x [N, H, W, In]  ->  y [N, H', W', Out],  H' = (H - 1) S - 2 P + K + output_padding
/// Template   In  channels (> 0) or `any`;  Out  channels (> 0)
///            W   window, such as kernel(4).stride(2).padding(1); output_padding, at most
///                stride - 1, adds rows and columns behind
/// State      weight [In, Out, K, K], bias [Out];  both U(-1/sqrt(Out K K), 1/sqrt(Out K K))
/// Gradients  weight, bias: added to (+=).  x: assigned (=)
/// Errors     channels; not_accepted: the output would be empty
template <int In, int Out, Window W>
struct ConvTranspose2d {
  static_assert(count_or_any(In) && Out > 0,
                "tessera: ConvTranspose2d needs positive channel counts");
  static_assert(W.valid() && W.extra >= 0 && W.extra < W.step,
                "tessera: ConvTranspose2d needs kernel > 0, stride > 0, 0 <= padding < kernel and "
                "0 <= output_padding < stride");
  static constexpr std::string_view name = "conv_transpose2d";
  static constexpr bool needs_x = true, needs_y = false, strided = true, makes_mask = true;
  /// Position q reads from ceil((q + P - K + 1) / S) to floor((q + P) / S).
  static constexpr Reach reach{W.size - W.step + 1, 1, W.size - W.step - W.pad, W.step,
                               kernels::conv2d_grid(W.size, W.step, In, Out)};

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (!takes_channels(In, in)) return Complaint::channels;
    const Shape out{output_size(in.height), output_size(in.width), Out};
    if (out.height < 1 || out.width < 1) return Complaint::not_accepted;
    return out;
  }
  static constexpr auto parameters(Shape in) {
    constexpr double fan_in = static_cast<double>(Out) * W.size * W.size;  // PyTorch's
    Parameter weight{"weight",
                     {deduced(In, in.channels), Out, W.size, W.size},
                     torch_default(fan_in),
                     Role::trained,
                     Order::kernel_first};
    if constexpr (W.with_bias)
      return tessera::parameters(weight, Parameter{"bias", {Out}, torch_default(fan_in)});
    else return tessera::parameters(weight);
  }
  static constexpr std::size_t workspace(const WorkspaceRequest& r) {
    return r.scalar_size == sizeof(double) ? detail::conv_transpose2d_workspace<double>(r, W)
                                           : detail::conv_transpose2d_workspace<float>(r, W);
  }
  static constexpr std::int64_t flops(Shape in, Shape) {
    return 2 * in.size() * Out * W.size * W.size;
  }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::conv_transpose2d_forward<W.size, W.step>(
        run.context(), problem(run), run.x(), static_cast<const T*>(run.parameter(0).data),
        W.with_bias ? static_cast<const T*>(run.parameter(1).data) : nullptr, run.y(),
        run.workspace());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    const auto p = problem(run);
    if (run.dx())
      kernels::conv_transpose2d_backward_input<W.size, W.step>(
          run.context(), p, run.dy(), static_cast<const T*>(run.parameter(0).data), run.dx(),
          run.workspace());
    if (run.gradient(0))
      kernels::conv_transpose2d_backward_weight<W.size, W.step>(
          run.context(), p, run.x(), run.dy(), run.gradient(0).data,
          W.with_bias ? run.gradient(1).data : nullptr, run.workspace());
  }

 private:
  static constexpr int output_size(int n) {
    return n < 1 ? 0 : (n - 1) * W.step - 2 * W.pad + W.size + W.extra;
  }
  template <class Device, class T>
  static kernels::Conv2dProblem problem(const Run<Device, T>& run) {
    return detail::turned_problem(run.batch(), run.x().shape(), run.y().shape(), W);
  }
};

}  // namespace tessera
