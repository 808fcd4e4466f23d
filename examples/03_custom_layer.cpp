// SPDX-License-Identifier: BSD-3-Clause
// Layers of your own: a pointwise function from one text, and a layer with a parameter. Both are
// checked against central differences in double, then used like the library's own.
#include <tessera/tessera.hpp>
#include <tessera/testing/gradient_check.hpp>

namespace ts = tessera;

// Swish: y = x s(x) with s the sigmoid, so dy/dx = s + x s (1 - s) = s + y (1 - s).
// A GPU runs the same text: 08_gpu.cpp has this function in a network that trains on either device.
// clang-format off
TESSERA_POINTWISE(Swish,
  template <class T> T forward(T x) const { return x * sigmoid(x); }
  template <class T> T derivative(T x, T y) const { T s = sigmoid(x); return s + y * (T(1) - s); })
// clang-format on

/// y[n, h, w, c] = x[n, h, w, c] scale[c]: one trained factor for each channel.
///
/// Shapes     x [N, H, W, C]  ->  y the same; masks are passed on
/// Gradients  scale: added to (+=).  x: assigned (=)
template <int C>
struct ChannelScale {
  static constexpr std::string_view name = "channel_scale";
  static constexpr bool needs_y = false;  // backward reads x alone: y need not be kept

  static constexpr ts::ShapeOrComplaint output_shape(ts::Shape in) {
    if (in.channels != C) return ts::Complaint::channels;
    return in;
  }
  static constexpr auto parameters(ts::Shape) {
    return ts::parameters(ts::Parameter{"scale", {C}, ts::ones});
  }

  template <class T>
  static void forward(const ts::Run<ts::Cpu, T>& run) {
    run.y().xt() = run.x().xt() * run.parameter(0).xt();
  }
  template <class T>
  static void backward(const ts::Run<ts::Cpu, T>& run) {
    if (run.dx())  // empty where nobody wants it
      run.dx().xt() = run.dy().xt() * run.parameter(0).xt();
    if (run.gradient(0))  // empty where the layer is frozen
      run.gradient(0).xt() += xt::sum(run.dy().xt() * run.x().xt(), {0, 1, 2});
  }
};

/// Runs the check and prints its report.
template <class Net>
bool check(const char* what) {
  const auto report = ts::testing::gradient_check<Net>();
  std::printf("%-24s %s\n", what, report.text().c_str());
  return report.passed();
}

// In a network they stand where any layer stands; on a masked stream the mask is passed on.
template <int In, int Out>
struct Block : ts::Sequential<ts::PartialConv2d<In, Out, ts::kernel(3).same()>,
                              ts::BatchNorm2d<Out>, Swish> {};
using Net = ts::Network<ts::MaskedInput<16, 16, 3>, Block<3, 16>,
                        ts::Residual<Block<16, 16>, ts::Named<"scale", ChannelScale<16>>>,
                        ts::PartialConv2d<16, 3, ts::kernel(3).same()>, ts::Sigmoid>;

int main() {
  // A layer alone first: odd sizes find more than even ones.
  bool good = check<ts::Network<ts::Input<5, 7, 3>, Swish>>("Swish");
  good &= check<ts::Network<ts::Input<5, 7, 3>, ChannelScale<3>>>("ChannelScale");
  good &= check<Net>("both in a network");

  std::printf("\n%s\n", ts::describe<Net>().c_str());
  ts::Model<Net> model;
  const std::vector<float> scale = model.get("scale.scale");  // named in files like any parameter
  std::printf("scale.scale: %zu values, the first is %g\n", scale.size(), double{scale[0]});
  return good ? 0 : 1;
}
