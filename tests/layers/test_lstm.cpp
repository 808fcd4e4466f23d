// SPDX-License-Identifier: BSD-3-Clause
// LSTM: values and gradients of PyTorch's nn.LSTM, the formula step by step, gradients by
// differences, names, complaints.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <string>

#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/lstm.hpp>
#include <tessera/layers/permute.hpp>

#include "../golden/golden.hpp"
#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Both = Network<Input<3, 5, 4>, Named<"lstm", LSTM<4, 3, 2, bidirectional()>>>;
using Wide = Network<Input<2, 4, 3>, LSTM<3, 17>>;  // more units than a vector of floats has lanes
using Deep = Network<Input<1, 3, 2>, LSTM<2, 2, 3>>;
// Both sides of it reuse its buffers, and its input and output are slices of concatenations.
using Inside = Network<Input<3, 4, 2>, Named<"in", Conv2d<2, 3, kernel(1)>>,
                       SkipConcat<Named<"lstm", LSTM<3, 2, 1, bidirectional()>>>,
                       Named<"out", Conv2d<7, 2, kernel(1)>>>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

TEST_CASE("LSTM: gradients at odd sizes, in both directions, alone and between convolutions") {
  expect_gradients<Both>({{3, 5, 4}, {1, 1, 4}, {7, 2, 4}});
  expect_gradients<Wide>({{2, 4, 3}, {7, 3, 3}});
  expect_gradients<Deep>({{1, 3, 2}});
  expect_gradients<Inside>({{3, 4, 2}, {1, 7, 2}});
}

// torch 2.15, float64: nn.LSTM(4, 3, 2, bidirectional=True, batch_first=True), parameters, x and
// the gradient of y by the rule of golden/golden.hpp. A gradient is recorded as its inner product
// with the values of the parameter's own name (x: of the name "dx").
TEST_CASE("LSTM: values and gradients equal PyTorch's") {
  Model<Both, Cpu, double> model;
  golden::fill(model);
  auto pass = model.pass({.input_gradients = true});
  golden::fill_view(pass.input(), "input", [](double v, int, int, int) { return v; });
  pass.forward();
  const auto y = pass.output();
  REQUIRE(y.shape() == Shape{3, 5, 6});
  const auto near = [](double value) { return doctest::Approx(value).epsilon(1e-10); };
  CHECK(y(0, 0, 0, 0) == near(-0.022869311582347243));
  CHECK(y(0, 0, 4, 2) == near(-0.1464980941256668));
  CHECK(y(0, 1, 2, 3) == near(0.06505651983861176));
  CHECK(y(0, 2, 0, 5) == near(0.043394658831182445));
  CHECK(y(0, 2, 4, 4) == near(0.01572554862970121));
  CHECK(y(0, 1, 3, 1) == near(0.009540428494278663));
  golden::fill_view(pass.output_gradient(), "probe", [](double v, int, int, int) { return v; });
  model.zero_gradients();
  pass.backward();
  const double expected[]{
      0.009933499597337997, 0.017052105212211403, 0.29892618550617717,  -0.08008451574195471,
      0.24768457687445034,  -0.05827780867639094, -0.35209335293066263, -0.5396993598919833,
      0.07463373213250633,  0.04760780214272974,  0.22756963048980117,  -0.237845930994862,
      0.21083606911887037,  -0.22240392788375965, 1.6239040827684024,   -0.6709522585413924};
  const auto tensors = model.tensors();
  REQUIRE(tensors.size() == 16);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string name(tensors[i].name);
    const auto gradient = model.gradient(name);
    const auto probe = golden::values(name.substr(5), gradient.size());  // without "lstm."
    double sum = 0;
    for (std::size_t k = 0; k < probe.size(); ++k) sum += probe[k] * gradient[k];
    CHECK_MESSAGE(sum == near(expected[i]), name);
  }
  const auto dx = golden::nchw(pass.input_gradient());
  const auto probe = golden::values("dx", dx.size());
  double sum = 0;
  for (std::size_t k = 0; k < probe.size(); ++k) sum += probe[k] * dx[k];
  CHECK(sum == near(0.17966130829824867));
}

TEST_CASE("LSTM: in float, values equal the formula written step by step") {
  constexpr int H = 17, I = 3;
  Model<Wide> model(Seed{5});
  auto pass = model.pass({.batch = 3, .inputs = {Shape{3, 6, I}}});  // 9 sequences: two tasks
  RandomStream random(Seed{6}, 0);
  for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
    pass.input().data[i] = static_cast<float>(3 * random.normal());
  pass.forward();
  const auto wi = model.get("0.weight_ih_l0"), wh = model.get("0.weight_hh_l0");
  const auto bi = model.get("0.bias_ih_l0"), bh = model.get("0.bias_hh_l0");
  for (int n = 0; n < 3; ++n)
    for (int s = 0; s < 3; ++s) {
      double h[H]{}, c[H]{};
      for (int t = 0; t < 6; ++t) {
        double gate[4 * H];
        for (std::size_t j = 0; j < 4 * H; ++j) {
          gate[j] = double{bi[j]} + double{bh[j]};
          for (std::size_t i = 0; i < I; ++i)
            gate[j] += double{wi[j * I + i]} * double{pass.input()(n, s, t, static_cast<int>(i))};
          for (std::size_t k = 0; k < H; ++k) gate[j] += double{wh[j * H + k]} * h[k];
        }
        for (int k = 0; k < H; ++k) {
          c[k] = sigmoid(gate[H + k]) * c[k] + sigmoid(gate[k]) * std::tanh(gate[2 * H + k]);
          h[k] = sigmoid(gate[3 * H + k]) * std::tanh(c[k]);
          CHECK(static_cast<double>(pass.output()(n, s, t, k)) ==
                doctest::Approx(h[k]).epsilon(2e-6));
        }
      }
    }
}

TEST_CASE("LSTM: one thread or three, the same bits; frozen weights get no gradients") {
  using Net = Network<Input<3, 9, 20>, LSTM<20, 33, 2, bidirectional()>>;
  std::vector<float> seen[3];
  for (const int threads : {1, 2, 3}) {
    Model<Net> model(Seed{2}, Context<Cpu>{threads});
    auto pass = model.pass({.batch = 5, .input_gradients = true});
    RandomStream random(Seed{3}, 0);
    for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
      pass.input().data[i] = static_cast<float>(random.normal());
    pass.forward();
    pass.zero_gradients();
    for (std::ptrdiff_t i = 0; i < pass.output().size(); ++i)
      pass.output_gradient().data[i] = static_cast<float>(random.normal());
    model.zero_gradients();
    pass.backward();
    auto& s = seen[threads - 1];
    s.assign(pass.output().data, pass.output().data + pass.output().size());
    s.insert(s.end(), model.gradients().begin(), model.gradients().end());
    const auto dx = pass.input_gradient();
    s.insert(s.end(), dx.data, dx.data + dx.size());
  }
  for (const int k : {1, 2}) {
    REQUIRE(seen[0].size() == seen[k].size());
    CHECK(std::memcmp(seen[0].data(), seen[k].data(), seen[0].size() * sizeof(float)) == 0);
  }
  Model<Net> model(Seed{2}, Context<Cpu>{1});
  model.freeze("0");
  auto pass = model.pass({.input_gradients = true});
  pass.forward();
  pass.zero_gradients();
  pass.output_gradient().data[0] = 1;
  model.zero_gradients();
  pass.backward();
  double sum = 0;
  for (const float g : model.gradients()) sum += std::abs(static_cast<double>(g));
  CHECK(sum == 0);
  for (std::ptrdiff_t i = 0; i < pass.input_gradient().size(); ++i)
    sum += std::abs(static_cast<double>(pass.input_gradient().data[i]));
  CHECK(sum > 0);
}

TEST_CASE("LSTM: shapes, parameters in PyTorch's order, complaints") {
  using Layer = LSTM<256, 128, 2, bidirectional()>;
  static_assert(Layer::output_shape(Shape{3, 256, 256}).shape == Shape{3, 256, 256});
  static_assert(LSTM<4, 3>::output_shape(Shape{2, 7, 4}).shape == Shape{2, 7, 3});
  static_assert(Layer::output_shape(Shape{3, 256, 255}).complaint == Complaint::channels);
  static_assert(Layer::output_shape(Shape{3, 2, 256}.with_mask()).complaint == Complaint::masked);
  constexpr auto list = Layer::parameters({});
  static_assert(list.size() == 16);
  static_assert(list[0].name == "weight_ih_l0" && list[0].dims == Dims{512, 256});
  static_assert(list[1].name == "weight_hh_l0" && list[1].dims == Dims{512, 128});
  static_assert(list[2].name == "bias_ih_l0" && list[2].dims == Dims{512});
  static_assert(list[3].name == "bias_hh_l0");
  static_assert(list[5].name == "weight_hh_l0_reverse");
  static_assert(list[12].name == "weight_ih_l1_reverse" && list[12].dims == Dims{512, 256});
  static_assert(list[15].name == "bias_hh_l1_reverse");
  for (const auto& p : list) CHECK(p.initializer.value == doctest::Approx(1 / std::sqrt(128.0)));
  using Net = Network<Input<256, 256, 3>, Permute<2, 0, 1>, Layer>;
  static_assert(parameter_count<Net> == 790528);
}
