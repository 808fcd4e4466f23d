// SPDX-License-Identifier: BSD-3-Clause
// ResizeBilinear: gradients, PyTorch's values, other sizes, complaints.
#include <doctest/doctest.h>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/resize_bilinear.hpp>
#include <tessera/network/describe.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

template <int Height, int Width, int Channels = 1>
using Resize = Network<Input<3, 4, Channels>, ResizeBilinear<Height, Width>>;
using Between =
    Network<Input<5, 4, 2>, Conv2d<2, 3, kernel(3).same()>, SkipConcat<Sigmoid>,
            ResizeBilinear<7, 3>, SkipConcat<ResizeBilinear<7, 3>>, Conv2d<12, 2, kernel(2)>>;

/// Resizes ((7 i mod 11) - 5) / 4, 3 x 4, in double.
template <int Height, int Width>
void check_values(const std::vector<double>& expected, const std::vector<double>& gradient = {}) {
  Model<Resize<Height, Width>, Cpu, double> model;
  auto pass = model.pass({.batch = 1, .input_gradients = true});
  for (int i = 0; i < 12; ++i) pass.input().data[i] = (i * 7 % 11 - 5) / 4.0;
  pass.forward();
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(pass.output().data[i] == doctest::Approx(expected[i]).epsilon(1e-14).scale(1));
  if (gradient.empty()) return;
  pass.zero_gradients();
  for (int i = 0; i < Height * Width; ++i) pass.output_gradient().data[i] = (i * 3 % 7 - 3) / 4.0;
  pass.backward();
  for (std::size_t i = 0; i < 12; ++i)
    CHECK(pass.input_gradient().data[i] == doctest::Approx(gradient[i]).epsilon(1e-14).scale(1));
}

}  // namespace

TEST_CASE("ResizeBilinear: gradients, larger and smaller, at odd sizes and batches") {
  expect_gradients<Resize<5, 7, 3>>({{3, 4, 3}, {1, 1, 3}, {11, 2, 3}, {5, 7, 3}, {17, 23, 3}});
  expect_gradients<Resize<1, 1, 2>>({{3, 4, 2}, {1, 1, 2}, {8, 9, 2}});
  expect_gradients<Resize<2, 13, 17>>({{3, 4, 17}, {4, 26, 17}});
  expect_gradients<Between>();
}

// torch.nn.functional.interpolate(mode='bilinear', align_corners=False) in float64; the gradient is
// that of sum(y * pattern (3, 7)).
TEST_CASE("ResizeBilinear: PyTorch's values") {
  check_values<5, 7>(
      {-1.25,
       -0.625,
       0.375,
       0.0,
       -0.375,
       0.625,
       1.25,
       -0.65,
       -0.417857142857142857,
       -0.046428571428571429,
       0.05,
       0.146428571428571429,
       0.517857142857142857,
       0.75,
       0.25,
       -0.107142857142857143,
       -0.678571428571428571,
       0.125,
       0.928571428571428571,
       0.357142857142857143,
       0.0,
       -0.5,
       -0.267857142857142857,
       0.103571428571428571,
       0.2,
       0.178571428571428571,
       -0.392857142857142857,
       -0.75,
       -1.0,
       -0.375,
       0.625,
       0.25,
       -0.321428571428571429,
       -0.892857142857142857,
       -1.25},
      {-1.11428571428571429, 0.914285714285714286, 0.257142857142857143, -0.057142857142857143,
       -1.25357142857142857, 1.02857142857142857, 0.289285714285714286, -0.064285714285714286,
       -1.11428571428571429, 0.914285714285714286, 0.257142857142857143, -0.057142857142857143});
  check_values<2, 3>({-0.697916666666666667, 0.03125, 0.760416666666666667, -0.510416666666666667,
                      0.21875, -0.770833333333333333});
  check_values<1, 1>({0.125});
  check_values<3, 4>({-1.25, 0.5, -0.5, 1.25, 0.25, -0.75, 1.0, 0.0, -1.0, 0.75, -0.25, -1.25});
}

TEST_CASE("ResizeBilinear: a constant stays, and an image of another size ends at the same size") {
  Model<Resize<5, 7>> model;
  for (const Shape size : {Shape{3, 4, 1}, Shape{1, 1, 1}, Shape{9, 31, 1}}) {
    auto pass = model.pass({.batch = 2, .inputs = {size}});
    std::fill_n(pass.input().data, pass.input().size(), 3.0f);
    pass.forward();
    REQUIRE(pass.output().shape() == Shape{5, 7, 1});
    for (int i = 0; i < 70; ++i) CHECK(pass.output().data[i] == doctest::Approx(3.0).epsilon(1e-6));
  }
}

TEST_CASE("ResizeBilinear: shapes, reach, complaints") {
  static_assert(ResizeBilinear<224>::output_shape(Shape{209, 209, 3}).shape == Shape{224, 224, 3});
  static_assert(ResizeBilinear<2, 3>::output_shape(Shape{9, 8, 5}).shape == Shape{2, 3, 5});
  static_assert(ResizeBilinear<2>::output_shape(Shape{8, 8, 3}.with_mask()).complaint ==
                Complaint::masked);
  static_assert(ResizeBilinear<2>::output_shape(Shape{0, 8, 3}).complaint ==
                Complaint::not_accepted);
  static_assert(receptive_field<Resize<5, 7>> == 0);
  static_assert(parameter_count<Resize<5, 7>> == 0);
}
