// SPDX-License-Identifier: BSD-3-Clause
// ConvTranspose2d: gradients, PyTorch's values, what a position reads, shapes and complaints.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/network/describe.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

constexpr Window twice = kernel(4).stride(2).padding(1);
template <int In, int Out, Window W>
using Alone = Network<Input<3, 4, In>, ConvTranspose2d<In, Out, W>>;
// Its x is a dead buffer's neighbour, its y is read in place of a copy by the concatenation.
using Between = Network<Input<3, 5, 2>, Conv2d<2, 3, kernel(3).padding(1)>,
                        SkipConcat<ReLU, ConvTranspose2d<3, 4, kernel(3).padding(1)>>,
                        ConvTranspose2d<7, 5, twice>, Sigmoid, Conv2d<5, 2, kernel(3).padding(1)>>;
using Masked = Network<MaskedInput<4, 4, 3>, ConvTranspose2d<3, 2, twice>>;

/// (i a mod m - m / 2) / 4, as the script that made the expected values fills its tensors.
std::vector<float> pattern(int count, int a, int m) {
  std::vector<float> v;
  for (int i = 0; i < count; ++i) v.push_back(static_cast<float>(i * a % m - m / 2) / 4);
  return v;
}

/// Positions of the input, along the first axis, that an output position depends on: measured.
template <class Net>
int measured_field(int size) {
  Model<Net, Cpu, double> model(Seed{1}, Context<Cpu>{1});
  for (double& w : model.parameters()) w = 1;
  auto pass = model.pass({.batch = 1, .input_gradients = true, .inputs = {Shape{size, size, 1}}});
  pass.forward();
  int field = 0;
  const auto dy = pass.output_gradient();
  for (int q = dy.height / 3; q < 2 * dy.height / 3; ++q) {  // far from the border
    pass.zero_gradients();
    for (int w = 0; w < dy.width; ++w)
      for (int c = 0; c < dy.channels; ++c) dy(0, q, w, c) = 1;
    pass.backward();
    const auto dx = pass.input_gradient();
    int first = size, last = -1;
    for (int h = 0; h < size; ++h)
      for (int w = 0; w < size; ++w)
        if (dx(0, h, w, 0) != 0) first = std::min(first, h), last = std::max(last, h);
    field = std::max(field, last - first + 1);
  }
  return field;
}
template <class... L>
void check_field(int expected) {
  using Net = Network<Input<40, 40, 1>, L...>;
  CHECK(receptive_field<Net> == expected);
  CHECK(measured_field<Net>(40) == expected);
}
template <Window W>
using Up = ConvTranspose2d<1, 1, W>;
template <Window W>
using Down = Conv2d<1, 1, W>;

}  // namespace

TEST_CASE("ConvTranspose2d: gradients at odd sizes, windows and batches") {
  expect_gradients<Alone<3, 5, twice>>({{3, 4, 3}, {1, 1, 3}, {5, 2, 3}});
  expect_gradients<Alone<2, 17, kernel(3).stride(2).padding(1).output_padding(1)>>(
      {{3, 4, 2}, {1, 3, 2}});
  expect_gradients<Alone<18, 3, kernel(3).padding(1)>>({{3, 4, 18}, {7, 5, 18}});
  expect_gradients<Alone<5, 4, kernel(5).stride(3).padding(2).output_padding(2).no_bias()>>();
  expect_gradients<Alone<5, 3, kernel(1)>>();
  expect_gradients<Alone<5, 3, kernel(1).stride(2)>>();
  expect_gradients<Alone<48, 43, kernel(4)>>({{1, 1, 48}});  // by products
  expect_gradients<Alone<48, 43, twice>>({{1, 1, 48}, {1, 4, 48}, {2, 1, 48}});
}

TEST_CASE("ConvTranspose2d: gradients between other layers") {
  expect_gradients<Between>({{3, 5, 2}, {1, 2, 2}});
}

// torch.nn.functional.conv_transpose2d of the patterns (7, 11) and (5, 13), stride 2, padding 1,
// output padding 1; [H, W, C].
TEST_CASE("ConvTranspose2d: PyTorch's values and order of weights") {
  constexpr double expected[]{1.6875,  1.375,  2.25,    -2.375,  1.3125,  -1.9375, 0.625,   -1.0,
                              1.0,     1.5,    0.875,   2.25,    -1.125,  0.75,    -0.25,   0.25,
                              -1.125,  1.125,  -1.25,   2.25,    -1.1875, 2.0,     0.5625,  2.75,
                              0.5625,  -0.25,  0.9375,  1.3125,  -1.5,    0.125,   0.3125,  0.0,
                              1.6875,  1.625,  -1.9375, 3.0,     1.9375,  -2.3125, 1.9375,  1.6875,
                              0.6875,  1.6875, 0.1875,  -0.5625, 0.6875,  1.4375,  0.9375,  2.4375,
                              -1.5625, 1.1875, -0.5625, 0.0,     -1.3125, 1.0,     0.5,     -1.3125,
                              0.5,     -1.375, 1.6875,  -1.375,  1.0,     -0.5625, 1.5,     -0.375,
                              -0.0625, 0.625,  1.5,     0.1875,  2.5,     1.4375,  -2.3125, 2.4375};
  using Net = Network<Input<2, 3, 2>,
                      ConvTranspose2d<2, 3, kernel(3).stride(2).padding(1).output_padding(1)>>;
  Model<Net> model;
  model.set("0.weight", pattern(2 * 3 * 9, 5, 13));
  model.set("0.bias", std::vector<float>{0.5f, -0.25f, 1.0f});
  auto pass = model.pass({.batch = 1});
  const auto x = pattern(12, 7, 11);  // [C, H, W]
  for (int c = 0; c < 2; ++c)
    for (int p = 0; p < 6; ++p) pass.input().pixel(p)[c] = x[static_cast<std::size_t>(6 * c + p)];
  pass.forward();
  REQUIRE(pass.output().shape() == Shape{4, 6, 3});
  for (int i = 0; i < 72; ++i) CHECK(pass.output().data[i] == static_cast<float>(expected[i]));
}

TEST_CASE("ConvTranspose2d: it is the transpose of Conv2d") {
  constexpr Window w = kernel(5).stride(2).padding(2);
  using Up5 = Network<Input<4, 3, 5>, ConvTranspose2d<5, 4, w.output_padding(1).no_bias()>>;
  using Down5 = Network<Input<8, 6, 4>, Conv2d<4, 5, w.no_bias()>>;
  Model<Up5, Cpu, double> up(Seed{1});
  Model<Down5, Cpu, double> down(Seed{2});
  down.set("0.weight", up.get("0.weight"));  // [5, 4, K, K] is the order of both
  auto a = up.pass({.batch = 2});
  auto b = down.pass({.batch = 2});
  RandomStream random(Seed{3}, 0);
  for (std::ptrdiff_t i = 0; i < a.input().size(); ++i) a.input().data[i] = random.normal();
  for (std::ptrdiff_t i = 0; i < b.input().size(); ++i) b.input().data[i] = random.normal();
  a.forward(), b.forward();
  double left = 0, right = 0;  // <up(x), z> = <x, down(z)>
  for (std::ptrdiff_t i = 0; i < b.input().size(); ++i)
    left += a.output().data[i] * b.input().data[i];
  for (std::ptrdiff_t i = 0; i < a.input().size(); ++i)
    right += a.input().data[i] * b.output().data[i];
  CHECK(left == doctest::Approx(right).epsilon(1e-12));
  CHECK(std::abs(left) > 1e-3);
}

TEST_CASE("ConvTranspose2d: the receptive field is what gradients show") {
  check_field<Up<twice>>(2);
  check_field<Up<kernel(3).stride(2).padding(1).output_padding(1)>>(2);
  check_field<Up<kernel(5).stride(2)>>(3);
  check_field<Up<kernel(3)>>(3);
  check_field<Up<kernel(2).stride(2)>>(1);
  check_field<Up<kernel(1).stride(2)>>(1);
  check_field<Up<kernel(1).stride(3)>>(1);
  check_field<Up<kernel(7).stride(3).padding(2)>>(3);
  check_field<Up<twice>, Up<twice>, Up<kernel(5).stride(3)>>(3);
  check_field<Up<twice>, Down<kernel(3).padding(1)>>(3);
  check_field<Up<kernel(1).stride(2)>, Down<kernel(3).padding(1)>>(2);
  check_field<Down<twice>, Up<twice>>(6);
  // Beside the input itself, where a range lies counts as well.
  check_field<SkipConcat<Up<kernel(3).padding(1)>>>(3);
  check_field<SkipConcat<Down<kernel(2).stride(2)>, Up<kernel(2).stride(2)>>>(2);
  check_field<Down<kernel(3).stride(2)>, Up<kernel(4).stride(3).padding(1)>, Down<kernel(3)>>(5);
  check_field<Up<kernel(1).stride(3)>, Up<kernel(1).stride(2)>, Down<kernel(2)>>(1);
}

TEST_CASE("ConvTranspose2d: shapes, parameters, complaints") {
  using Layer = ConvTranspose2d<3, 8, twice>;
  static_assert(Layer::output_shape(Shape{5, 8, 3}).shape == Shape{10, 16, 8});
  static_assert(Layer::output_shape(Shape{1, 1, 3}).shape == Shape{2, 2, 8});
  static_assert(ConvTranspose2d<3, 8, kernel(3).stride(2)>::output_shape(Shape{4, 4, 3}).shape ==
                Shape{9, 9, 8});
  static_assert(
      ConvTranspose2d<3, 8, kernel(4).stride(3).padding(1).output_padding(2)>::output_shape(
          Shape{9, 9, 3})
          .shape == Shape{28, 28, 8});
  static_assert(Layer::output_shape(Shape{5, 8, 4}).complaint == Complaint::channels);
  static_assert(
      ConvTranspose2d<3, 8, kernel(4).padding(3)>::output_shape(Shape{2, 9, 3}).complaint ==
      Complaint::not_accepted);
  static_assert(!Layer::output_shape(Shape{8, 8, 3}.with_mask()).shape.masked());
  static_assert(!output_mask<Masked>);
  static_assert(Layer::parameters({}).size() == 2);
  static_assert(Layer::parameters({})[0].dims == Dims{3, 8, 4, 4});
  static_assert(Layer::parameters({})[1].dims == Dims{8});
  static_assert(ConvTranspose2d<3, 8, twice.no_bias()>::parameters({}).size() == 1);
  static_assert(
      parameter_count<Network<Input<1, 1, 4000>, ConvTranspose2d<4000, 512, kernel(4)>>> ==
      32'768'512);
  // torch.nn.ConvTranspose2d(8, 5, 4): at most 0.1118, where Conv2d(8, 5, 4) would stay below
  // 0.0884.
  const Model<Network<Input<2, 2, 8>, ConvTranspose2d<8, 5, kernel(4)>>> model(Seed{1});
  float largest = 0;
  for (const float v : model.get("0.weight")) largest = std::max(largest, std::abs(v));
  CHECK(largest <= 0.11181f);
  CHECK(largest > 0.109f);
  CHECK_THROWS_WITH_AS(
      (Model<Network<Input<4, 4, 3>, ConvTranspose2d<3, 8, kernel(4).padding(3)>>>().pass(
          {.inputs = {Shape{2, 9, 3}}})),
      "conv_transpose2d \"0\": the layer does not accept this input shape; input is 2x9x3",
      ShapeError);
}
