// SPDX-License-Identifier: BSD-3-Clause
// Convolutions on the (emulated) GPU against their scalar twin and the CPU's kernels: kernels,
// strides, paddings, channel counts, slices of channels, holes and scales with NaN under them.
#include <doctest/doctest.h>

#include <tessera/kernels/conv2d.hpp>

#include "conv2d_fixture.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

template <int K, int S, class T>
void check(const ConvCase& c) {
  check_passes<K, S, T>(Context<Cuda>(0, Precision::float32, Convolutions::own), c);
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: conv2d of all kernels, strides and paddings", T, float, double) {
  constexpr int sizes[][2] = {{1, 1}, {5, 7}, {8, 8}};
  for (const auto& s : sizes)
    for (int padding = 0; padding <= 3; ++padding)
      for (const int channels : {3, 8}) {
        const ConvCase c{2, s[0], s[1], channels, 11 - channels, padding};
        check<1, 1, T>(c);
        check<1, 2, T>(c);
        check<1, 3, T>(c);
        check<2, 1, T>(c);
        check<2, 2, T>(c);
        check<2, 3, T>(c);
        check<3, 1, T>(c);
        check<3, 2, T>(c);
        check<3, 3, T>(c);
        check<4, 1, T>(c);
        check<4, 2, T>(c);
        check<4, 3, T>(c);
        check<5, 1, T>(c);
        check<5, 2, T>(c);
        check<5, 3, T>(c);
        check<7, 1, T>(c);
        check<7, 2, T>(c);
        check<7, 3, T>(c);
        check<7, 5, T>(c);  // more phases than a launch takes
      }
}

TEST_CASE_TEMPLATE("cuda: conv2d of all kinds of channel counts", T, float, double) {
  for (const int in : {1, 3, 4, 12, 17, 33, 36})
    for (const int out : {1, 3, 4, 8, 12, 33, 40}) {
      check<3, 1, T>({2, 4, 5, in, out, 1});
      check<4, 2, T>({1, 6, 5, in, out, 1});
    }
}

TEST_CASE_TEMPLATE("cuda: conv2d of slices of channels, with holes and scales", T, float, double) {
  for (const int extra : {0, 3, 4})
    for (int groups = 0; groups <= 3; ++groups)
      for (const bool scaled : {false, true})
        for (const int in : {3, 8, 20})
          for (const int out : {2, 12}) {
            check<3, 1, T>({2, 4, 5, in, out, 1, groups, scaled, extra});
            check<4, 2, T>({1, 6, 5, in, out, 2, groups, scaled, extra});
          }
}

TEST_CASE_TEMPLATE("cuda: conv2d of long sums, which are cut into slices", T, float, double) {
  check<3, 1, T>({2, 3, 4, 72, 20, 1, 2, true});
  check<3, 2, T>({1, 5, 4, 130, 70, 1, 1, true, 1});
  check<3, 1, T>({3, 19, 23, 4, 12, 1, 1, true});
  check<3, 1, T>({3, 19, 23, 3, 8, 1});
}

TEST_CASE_TEMPLATE("cuda: conv2d is the CPU's", T, float, double) {
  const Context<Cuda> gpu(0, Precision::float32, Convolutions::own);
  const Context<Cpu> cpu{1};
  ConvInputs<T> in(gpu, {2, 9, 7, 5, 6, 1, 2, true, 1}, 3, 1);
  const auto close = [](const TwinView<T>& v) {
    return distance(v.numbers.read(), v.numbers.host) <= tolerance<T>;
  };
  std::vector<std::byte> workspace(kernels::conv2d_forward_workspace<T>(in.p) +
                                   kernels::conv2d_backward_input_workspace<T>(in.p) +
                                   kernels::conv2d_backward_weight_workspace<T>(in.p) + 64);
  void* at = workspace.data();
  std::size_t room = workspace.size();
  auto* const memory = static_cast<std::byte*>(std::align(64, room - 64, at, room));
  const T* const weight = in.weight.numbers.host.data();
  kernels::conv2d_forward<3, 1, T>(cpu, in.p, in.x.cpu(), in.valid(), weight,
                                   in.bias.numbers.host.data(), in.scale(), in.y.cpu(), memory);
  kernels::conv2d_forward<3, 1, T>(gpu, in.p, in.x.gpu(), in.gpu_valid(), in.gpu_weight(),
                                   in.gpu_bias(), in.gpu_scale(), in.y.gpu(), nullptr);
  CHECK(close(in.y));
  kernels::conv2d_backward_input<3, 1, T>(cpu, in.p, in.dy.cpu(), in.valid(), weight, in.scale(),
                                          in.dx.cpu(), memory);
  kernels::conv2d_backward_input<3, 1, T>(gpu, in.p, in.dy.gpu(), in.gpu_valid(), in.gpu_weight(),
                                          in.gpu_scale(), in.dx.gpu(), nullptr);
  CHECK(close(in.dx));
  kernels::conv2d_backward_weight<3, 1, T>(cpu, in.p, in.x.cpu(), in.valid(), in.dy.cpu(),
                                           in.scale(), in.dweight.numbers.host.data(),
                                           in.dbias.numbers.host.data(), memory);
  kernels::conv2d_backward_weight<3, 1, T>(gpu, in.p, in.x.gpu(), in.gpu_valid(), in.dy.gpu(),
                                           in.gpu_scale(), in.dweight.numbers.device.data(),
                                           in.dbias.numbers.device.data(), nullptr);
  CHECK(close(in.dweight));
  CHECK(close(in.dbias));
}

TEST_CASE("cuda: conv2d refuses more pixels than it can count") {
  const Context<Cuda> gpu;
  const Conv2dProblem p{1 << 20, 64, 64, 1, 64, 64, 1, 1, 1, 0};
  const View<float> none{};
  CHECK_THROWS_WITH_AS((kernels::conv2d_forward<1, 1, float>(gpu, p, none, {}, nullptr, nullptr,
                                                             nullptr, none, nullptr)),
                       "convolution on a GPU: 4294967296 pixels, 1 weights; expected at most "
                       "2147482623 of each",
                       ArgumentError);
}
