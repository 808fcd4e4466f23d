// SPDX-License-Identifier: BSD-3-Clause
// Layers of the user's, as docs/adding_a_layer.md teaches: with xtensor, for every scalar or for
// float alone, and a pointwise text.
#include <doctest/doctest.h>

#include <xtensor/xmath.hpp>

#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/pointwise.hpp>
#include <tessera/tensor/xtensor.hpp>
#include <tessera/testing/gradient_check.hpp>

namespace ts = tessera;
using ts::testing::gradient_check;

namespace {

// clang-format off
TESSERA_POINTWISE(Swish,
  template <class T> T forward(T x) const { return x * sigmoid(x); }
  template <class T> T derivative(T x, T y) const {
    T s = sigmoid(x);
    return s + y * (T(1) - s);
  })
// clang-format on

/// A factor per channel.
template <int C>
struct ChannelScale {
  static constexpr std::string_view name = "channel_scale";
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
    if (run.dx()) run.dx().xt() = run.dy().xt() * run.parameter(0).xt();
    if (run.gradient(0)) run.gradient(0).xt() += xt::sum(run.dy().xt() * run.x().xt(), {0, 1, 2});
  }
};

/// The same, written for float alone.
template <int C>
struct FloatScale {
  static constexpr std::string_view name = "float_scale";
  static constexpr ts::Shape output_shape(ts::Shape in) { return in; }
  static constexpr auto parameters(ts::Shape) {
    return ts::parameters(ts::Parameter{"scale", {C}, ts::ones});
  }
  static void forward(const ts::Run<ts::Cpu>& run) { ChannelScale<C>::forward(run); }
  static void backward(const ts::Run<ts::Cpu>& run) { ChannelScale<C>::backward(run); }
};

constexpr ts::Window same = ts::kernel(3).same();
using Scaled = ts::Network<ts::Input<5, 7, 3>, ts::Conv2d<3, 4, same>, ChannelScale<4>, Swish,
                           ts::Conv2d<4, 2, same>>;
using InFloat =
    ts::Network<ts::Input<3, 3, 3>, FloatScale<3>, ts::Named<"last", ts::Conv2d<3, 2, same>>>;

}  // namespace

TEST_CASE("a layer with xtensor expressions, between others") {
  for (int batch = 1; batch <= 3; ++batch) {
    const auto report = gradient_check<Scaled>({.batch = batch, .inputs = {ts::Shape{2, 9, 3}}});
    CHECK_MESSAGE(report.passed(), report.text());
    CHECK(report.in_double);
  }
  static_assert(ts::parameter_count<Scaled> == 3 * 4 * 9 + 4 + 4 + 4 * 2 * 9 + 2);
  ts::Model<Scaled> model;
  CHECK(model.get("1.scale") == std::vector<float>(4, 1.0f));
}

TEST_CASE("a layer for float alone is checked in float, and the report says so") {
  const auto report = gradient_check<InFloat>();
  CHECK_MESSAGE(report.passed(), report.text());
  CHECK(!report.in_double);
  CHECK(report.text().find("passed in float: ") == 0);
  ts::Model<InFloat, ts::Cpu, double> model;
  CHECK_THROWS_WITH_AS(
      model.pass({}),
      "float_scale \"0\" is written for float alone and cannot run in another scalar",
      ts::ArgumentError);
}

TEST_CASE("a pointwise text is a layer") {
  using Net = ts::Network<ts::MaskedInput<3, 5, 17>, Swish>;
  static_assert(ts::output_mask<Net> == ts::Shape{3, 5, 17}.with_mask().mask);
  static_assert(Net::structure.operations[0].layer->name == "Swish");
  static_assert(Net::structure.operations[0].layer->needs_x);
  const auto report = gradient_check<Net>();
  CHECK_MESSAGE(report.passed(), report.text());
  ts::Model<Net> model;
  auto pass = model.pass({});
  for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
    pass.input().data[i] = 0.1f * static_cast<float>(i - 100);
  const std::vector<float> x(pass.input().data, pass.input().data + pass.input().size());
  pass.forward();
  for (std::size_t i = 0; i < x.size(); ++i)
    CHECK(pass.output().data[i] == doctest::Approx(x[i] / (1 + std::exp(-x[i]))).epsilon(1e-5));
}
