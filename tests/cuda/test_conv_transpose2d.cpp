// SPDX-License-Identifier: BSD-3-Clause
// Transposed convolutions on the (emulated) GPU against their formula, as plain loops, and against
// the CPU's kernels.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include <tessera/kernels/conv_transpose2d.hpp>

#include "conv_transpose2d_fixture.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Case = TransposeCase;

template <int K, int S, class T>
void check(const Case& c) {
  check_transposed<K, S, T>(Context<Cuda>(0, Precision::float32, Convolutions::own), c);
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: conv_transpose2d of all kernels, strides, paddings", T, float, double) {
  constexpr int sizes[][2] = {{1, 1}, {3, 5}, {4, 4}};
  for (const auto& s : sizes)
    for (int padding = 0; padding <= 2; ++padding)
      for (int more = 0; more <= 1; ++more)
        for (const int channels : {3, 8}) {
          const Case c{2, s[0], s[1], channels, 11 - channels, padding, more, more};
          check<1, 1, T>(c);
          check<1, 2, T>(c);
          check<2, 2, T>(c);
          check<2, 3, T>(c);
          check<3, 1, T>(c);
          check<3, 2, T>(c);
          check<4, 2, T>(c);
          check<5, 1, T>(c);
          check<5, 3, T>(c);
          check<7, 2, T>(c);
        }
}

TEST_CASE_TEMPLATE("cuda: conv_transpose2d of all kinds of channel counts", T, float, double) {
  for (const int in : {1, 4, 17, 36})
    for (const int out : {1, 3, 8, 20, 33}) {
      check<4, 2, T>({2, 3, 4, in, out, 1});
      check<3, 1, T>({1, 4, 3, in, out, 1, 0, 4});
    }
  check<4, 2, T>({1, 2, 3, 260, 40, 1});
  check<2, 2, T>({1, 30, 29, 8, 12, 0});
}

TEST_CASE_TEMPLATE("cuda: conv_transpose2d is the CPU's", T, float, double) {
  const Context<Cuda> gpu(0, Precision::float32, Convolutions::own);
  const Context<Cpu> cpu{1};
  TransposeInputs<T> in(gpu, {2, 3, 5, 6, 5, 1, 0, 1}, 4, 2);
  const auto close = [](const TwinView<T>& v) {
    return distance(v.numbers.read(), v.numbers.host) <= tolerance<T>;
  };
  std::vector<std::byte> workspace(kernels::conv_transpose2d_forward_workspace<T>(in.p) +
                                   kernels::conv_transpose2d_backward_workspace<T>(in.p) + 64);
  void* at = workspace.data();
  std::size_t room = workspace.size();
  auto* const memory = static_cast<std::byte*>(std::align(64, room - 64, at, room));
  const T* const weight = in.weight.numbers.host.data();
  const T* const gpu_weight = in.weight.numbers.device.data();
  kernels::conv_transpose2d_forward<4, 2, T>(cpu, in.p, in.x.cpu(), weight,
                                             in.bias.numbers.host.data(), in.y.cpu(), memory);
  kernels::conv_transpose2d_forward<4, 2, T>(gpu, in.p, in.x.gpu(), gpu_weight,
                                             in.bias.numbers.device.data(), in.y.gpu(), nullptr);
  CHECK(close(in.y));
  kernels::conv_transpose2d_backward_input<4, 2, T>(cpu, in.p, in.dy.cpu(), weight, in.dx.cpu(),
                                                    memory);
  kernels::conv_transpose2d_backward_input<4, 2, T>(gpu, in.p, in.dy.gpu(), gpu_weight, in.dx.gpu(),
                                                    nullptr);
  CHECK(close(in.dx));
  kernels::conv_transpose2d_backward_weight<4, 2, T>(cpu, in.p, in.x.cpu(), in.dy.cpu(),
                                                     in.dweight.numbers.host.data(),
                                                     in.dbias.numbers.host.data(), memory);
  kernels::conv_transpose2d_backward_weight<4, 2, T>(gpu, in.p, in.x.gpu(), in.dy.gpu(),
                                                     in.dweight.numbers.device.data(),
                                                     in.dbias.numbers.device.data(), nullptr);
  CHECK(close(in.dweight));
  CHECK(close(in.dbias));
}
