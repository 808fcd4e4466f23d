// SPDX-License-Identifier: BSD-3-Clause
// The tiles and engines of the GPU's convolutions, each given by hand, so that small cases reach
// those that only large problems choose; and which of them a shape chooses.
#include <doctest/doctest.h>

#include <bit>

#include "conv2d_fixture.hpp"

using namespace tessera;
using namespace tessera::testing;
using cuda::GemmCut;

namespace {

// Rounded to 10 bits of mantissa, halves away from zero, and to 7, halves to even.
float to_tf32(float v) {
  return std::bit_cast<float>((std::bit_cast<unsigned>(v) + 0x1000u) & 0xFFFFE000u);
}
float to_bf16(float v) {
  const unsigned b = std::bit_cast<unsigned>(v);
  return std::bit_cast<float>((b + 0x7FFFu + (b >> 16 & 1)) & 0xFFFF0000u);
}

/// All passes of one case with the given tile, cut into `slices` where the sums are long enough.
template <class T, class Rounded>
void check(const ConvCase& c, int kernel, int stride, int tile, int slices, Precision precision,
           const Rounded& rounded) {
  CAPTURE(kernel);
  CAPTURE(stride);
  CAPTURE(c.in);
  CAPTURE(c.out);
  CAPTURE(c.extra);
  CAPTURE(tile);
  CAPTURE(slices);
  CAPTURE(static_cast<int>(precision));
  const Context<Cuda> gpu(0, precision);
  ConvInputs<T> in(gpu, c, kernel, stride, rounded);
  const auto cut = [&](long rows, long columns, long depth) {
    GemmCut by_hand;
    by_hand.tile = tile;
    const long blocks = by_hand.with_slices(rows, columns, depth, 1).blocks;
    return by_hand.with_slices(rows, columns, depth, slices * blocks);
  };
  const long window = long{kernel} * kernel * c.in, taps = (kernel + stride - 1) / stride;

  const cuda::Convolution<T> forward{in.x.gpu(), in.gpu_weight(), in.gpu_bias(),
                                     in.y.gpu(), in.gpu_valid(),  in.gpu_scale()};
  REQUIRE((tile == 0 || forward.in_fours(in.groups)));
  cuda::convolve_forward(gpu, in.p, forward, cut(in.y.shape.pixels(), c.out, window));
  CHECK(difference(in.y, in.expected_y(true)) <= tolerance<T>);

  const cuda::Convolution<T> backward{in.dy.gpu(), in.gpu_weight(), nullptr,
                                      in.dx.gpu(), in.gpu_valid(),  in.gpu_scale()};
  const long phase =
      long{c.batch} * ((c.height + stride - 1) / stride) * ((c.width + stride - 1) / stride);
  REQUIRE((tile == 0 || backward.in_fours({})));
  cuda::convolve_backward(gpu, in.p, backward, cut(phase, c.in, taps * taps * c.out));
  CHECK(difference(in.dx, in.expected_dx()) <= tolerance<T>);

  const GemmCut weight = cut(window, c.out, in.y.shape.pixels());
  Twin<T> partial(
      gpu, std::vector<T>(static_cast<std::size_t>(cuda::backward_weight_sums(in.p, weight))));
  cuda::add_weight_gradient<T>(gpu, in.p, in.x.gpu(), in.gpu_valid(), in.dy.gpu(), in.gpu_scale(),
                               in.dweight.numbers.device.data(), partial.device.data(), weight);
  CHECK(difference(in.dweight, in.expected_dweight()) <= tolerance<T>);
}

template <class T, class Rounded>
void check_tiles(Precision precision, const Rounded& rounded, int last_tile) {
  for (int tile = 0; tile <= last_tile; ++tile) {
    check<T>({2, 7, 6, 12, 20, 1, 2, true, 4}, 3, 1, tile, 1, precision, rounded);
    check<T>({1, 9, 8, 4, 72, 1}, 4, 2, tile, 1, precision, rounded);
    check<T>({1, 12, 11, 4, 4, 0, 1, true}, 1, 1, tile, 1, precision, rounded);
    check<T>({2, 18, 17, 60, 16, 1, 1, true}, 3, 1, tile, 2, precision, rounded);
  }
  check<T>({2, 5, 6, 3, 7, 1, 2, true, 1}, 3, 2, 0, 1, precision, rounded);
  check<T>({1, 5, 4, 5, 33, 2, 0, false, 2}, 5, 1, 0, 1, precision, rounded);
}

}  // namespace

TEST_CASE("cuda: every tile of the convolutions in float32 and double") {
  check_tiles<float>(
      Precision::float32, [](float v) { return v; }, 3);
  check_tiles<double>(
      Precision::float32, [](double v) { return v; }, 0);
}
TEST_CASE("cuda: every tile of the convolutions in tf32") {
  check_tiles<float>(Precision::tf32, to_tf32, 3);
}
TEST_CASE("cuda: every tile of the convolutions in bf16") {
  check_tiles<float>(Precision::bf16, to_bf16, 3);
}
TEST_CASE("cuda: double is exact whatever the precision") {
  check_tiles<double>(
      Precision::bf16, [](double v) { return v; }, 0);
}

TEST_CASE("cuda: products round what they multiply, and float32 does not") {
  const auto one_product = [](Precision precision) {
    const Context<Cuda> gpu(0, precision, Convolutions::own);
    const ConvCase c{1, 1, 1, 1, 1, 0};
    const float value = 1 + 0x1p-12f;
    ConvInputs<float> in(gpu, c, 1, 1, [&](float) { return value; });
    kernels::conv2d_forward<1, 1, float>(gpu, in.p, in.x.gpu(), {}, in.gpu_weight(), nullptr,
                                         nullptr, in.y.gpu(), nullptr);
    return in.y.numbers.read()[0];
  };
  CHECK(one_product(Precision::float32) == (1 + 0x1p-12f) * (1 + 0x1p-12f));
  CHECK(one_product(Precision::tf32) == 1);
  CHECK(one_product(Precision::bf16) == 1);
}

TEST_CASE("cuda: a shape chooses its tile and its slices") {
  const auto cut = [](long rows, long columns, long depth, bool fours) {
    return GemmCut::of<float>(rows, columns, depth, fours);
  };
  CHECK(cut(131072, 64, 576, true).tile == 2);
  CHECK(cut(131072, 64, 27, false).tile == 0);
  CHECK(cut(131072, 3, 576, true).tile == 3);
  CHECK(cut(64, 64, 576, true).tile == 1);
  CHECK(cut(131072, 64, 576, true).slices == 1);
  for (const long depth : {1l, 31l, 511l, 512l, 4608l, 131072l, 131073l})
    for (const long rows : {1l, 27l, 512l, 5000l}) {
      const GemmCut c = cut(rows, 512, depth, true);
      CHECK(c.slice_depth % 32 == 0);
      CHECK(long{c.slices} * c.slice_depth >= depth);
      CHECK(long{c.slices - 1} * c.slice_depth < depth);
    }
  CHECK(cut(27, 64, 131072, false).slices > 64);
  CHECK(GemmCut::of<double>(131072, 64, 576, true).tile == 0);
}

TEST_CASE("cuda: division by multiplication") {
  for (const int divisor : {1, 2, 3, 5, 7, 9, 64, 100, 1023, 1 << 20, (1 << 30) + 1, 0x7FFFFFFF}) {
    const cuda::ConvDivisor d = cuda::conv_divisor(divisor);
    for (const long near : {0l, 1l, 12345l, 0x3FFFFFFFl, 0x7FFFFFFFl})
      for (long n : {near, near / divisor * divisor, near / divisor * divisor - 1})
        if (n >= 0) CHECK(d.quotient(static_cast<int>(n)) == n / divisor);
  }
}
