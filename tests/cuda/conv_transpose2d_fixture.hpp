// SPDX-License-Identifier: BSD-3-Clause
// For tests of transposed convolutions on the (emulated) GPU: the inputs of one case, and all its
// passes against their formula, as plain loops.
#pragma once
#include <doctest/doctest.h>

#include <vector>

#include <tessera/kernels/cuda/conv_transpose2d.hpp>

#include "conv2d_fixture.hpp"

namespace tessera::testing {

/// x [batch, height, width, in] -> y; `more` rows and columns behind y (output padding).
struct TransposeCase {
  int batch, height, width, in, out, padding, more = 0, extra = 0;
};

template <class T>
struct TransposeInputs {
  Conv2dProblem p;  // turned: from y to x
  TwinView<T> x, y, dx, dy, weight, dweight, bias, dbias;

  TransposeInputs(const Context<Cuda>& gpu, const TransposeCase& c, int kernel, int stride)
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

/// All passes of one case through the contract's functions.
template <int K, int S, class T>
void check_transposed(const Context<Cuda>& gpu, const TransposeCase& c) {
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

}  // namespace tessera::testing
