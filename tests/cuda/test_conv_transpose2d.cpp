// SPDX-License-Identifier: BSD-3-Clause
// Transposed convolutions on the (emulated) GPU against their formula, as plain loops, and against
// the CPU's kernels.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include <tessera/kernels/cpu/conv_transpose2d.hpp>
#include <tessera/kernels/cuda/conv_transpose2d.hpp>

#include "conv2d_fixture.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

/// x [batch, height, width, in] -> y; `more` rows and columns behind y (output padding).
struct Case {
  int batch, height, width, in, out, padding, more = 0, extra = 0;
};

template <class T>
struct TransposeInputs {
  Conv2dProblem p;  // turned: from y to x
  TwinView<T> x, y, dx, dy, weight, dweight, bias, dbias;

  TransposeInputs(const Context<Cuda>& gpu, const Case& c, int kernel, int stride)
      : p{c.batch,
          (c.height - 1) * stride - 2 * c.padding + kernel + c.more,
          (c.width - 1) * stride - 2 * c.padding + kernel + c.more,
          c.out,
          c.height,
          c.width,
          c.in,
          kernel,
          stride,
          c.padding},
        x(gpu, c.batch, c.height, c.width, c.in, c.extra, 1),
        y(gpu, c.batch, p.in_height, p.in_width, c.out, c.extra, 2),
        dx(gpu, c.batch, c.height, c.width, c.in, c.extra, 3),
        dy(gpu, c.batch, p.in_height, p.in_width, c.out, c.extra, 4),
        weight(gpu, 1, kernel * kernel, c.out, c.in, 0, 5),
        dweight(gpu, 1, kernel * kernel, c.out, c.in, 0, 6),
        bias(gpu, 1, 1, 1, c.out, 0, 7),
        dbias(gpu, 1, 1, 1, c.out, 0, 8) {}

  std::vector<double> expected_y(bool with_bias) {
    auto sums = scalar::conv2d_backward_input<T>(p, x.cpu(), {}, weight.numbers.host.data(),
                                                 static_cast<const T*>(nullptr));
    for (std::size_t i = 0; i < sums.size() && with_bias; ++i)
      sums[i] +=
          static_cast<double>(bias.numbers.host[i % static_cast<std::size_t>(p.in_channels)]);
    return sums;
  }
  std::vector<double> expected_dx() {
    const T* const none = nullptr;
    return scalar::conv2d_forward<T>(p, dy.cpu(), {}, weight.numbers.host.data(), none, none);
  }
  std::vector<double> expected_dweight(int times) {
    const T* const none = nullptr;
    auto sums = scalar::conv2d_backward_weight<T>(p, dy.cpu(), {}, x.cpu(), none);
    for (std::size_t i = 0; i < sums.size(); ++i)
      sums[i] = times * sums[i] + static_cast<double>(dweight.numbers.host[i]);
    return sums;
  }
  std::vector<double> expected_dbias(int times) {
    auto sums =
        scalar::conv2d_backward_bias<T>({p.batch, 0, 0, 0, p.in_height, p.in_width, p.in_channels},
                                        dy.cpu(), static_cast<const T*>(nullptr));
    for (std::size_t i = 0; i < sums.size(); ++i)
      sums[i] = times * sums[i] + static_cast<double>(dbias.numbers.host[i]);
    return sums;
  }
};

template <int K, int S, class T>
void check(const Case& c) {
  const Context<Cuda> gpu;
  const int h = (c.height - 1) * S - 2 * c.padding + K + c.more;
  const int w = (c.width - 1) * S - 2 * c.padding + K + c.more;
  if (h < 1 || w < 1 || c.padding >= K || c.more >= S) return;
  CAPTURE(K);
  CAPTURE(S);
  CAPTURE(c.height);
  CAPTURE(c.in);
  CAPTURE(c.out);
  CAPTURE(c.padding);
  CAPTURE(c.more);
  CAPTURE(c.extra);
  TransposeInputs<T> in(gpu, c, K, S);
  const T* const weight = in.weight.numbers.device.data();
  for (const bool with_bias : {true, false}) {
    kernels::conv_transpose2d_forward<K, S, T>(gpu, in.p, in.x.gpu(), weight,
                                               with_bias ? in.bias.numbers.device.data() : nullptr,
                                               in.y.gpu(), nullptr);
    CHECK(difference(in.y, in.expected_y(with_bias)) <= tolerance<T>);
  }
  kernels::conv_transpose2d_backward_input<K, S, T>(gpu, in.p, in.dy.gpu(), weight, in.dx.gpu(),
                                                    nullptr);
  CHECK(difference(in.dx, in.expected_dx()) <= tolerance<T>);
  const auto backward_weight = [&](T* dweight, T* dbias) {
    kernels::conv_transpose2d_backward_weight<K, S, T>(gpu, in.p, in.x.gpu(), in.dy.gpu(), dweight,
                                                       dbias, nullptr);
  };
  T* const dweight = in.dweight.numbers.device.data();
  T* const dbias = in.dbias.numbers.device.data();
  backward_weight(dweight, dbias);
  CHECK(difference(in.dweight, in.expected_dweight(1)) <= tolerance<T>);
  CHECK(difference(in.dbias, in.expected_dbias(1)) <= tolerance<T>);
  backward_weight(dweight, nullptr);
  backward_weight(nullptr, dbias);
  CHECK(difference(in.dweight, in.expected_dweight(2)) <= tolerance<T>);
  CHECK(difference(in.dbias, in.expected_dbias(2)) <= tolerance<T>);
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
  const Context<Cuda> gpu;
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
