// SPDX-License-Identifier: BSD-3-Clause
// Dropout, PReLU and normalisation by constants: the GPU's kernels, emulated, beside the CPU's.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/dropout.hpp>
#include <tessera/kernels/normalize.hpp>
#include <tessera/kernels/prelu.hpp>
#include <tessera/kernels/cuda/dropout.hpp>
#include <tessera/kernels/cuda/normalize.hpp>
#include <tessera/kernels/cuda/prelu.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {
template <class T>
bool same(const TwinView<T>& v) {
  return distance(v.numbers.read(), v.numbers.host) == 0;  // NaN where the other is
}
}  // namespace

TEST_CASE_TEMPLATE("cuda: dropout is the CPU's, bit for bit", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  Twin<std::uint64_t> count(gpu, std::vector<std::uint64_t>{0x123456789u});
  const RandomBlocks host{77, 0x123456789u + 5, nullptr}, device{77, 5, count.device.data()};
  const auto check = [&](double probability, int h, int w, int c, int extra, bool in_place) {
    TwinView<T> x(gpu, 2, h, w, c, extra, 1), y(gpu, 2, h, w, c, 2 * extra, 2);
    for (std::size_t i = 0; i < x.numbers.host.size(); i += 3)
      x.numbers.host[i] = std::numeric_limits<T>::quiet_NaN();
    x.numbers.upload();
    kernels::dropout(cpu, probability, host, x.cpu(), in_place ? x.cpu() : y.cpu());
    kernels::dropout(gpu, probability, device, x.gpu(), in_place ? x.gpu() : y.gpu());
    CHECK(same(x));
    CHECK(same(y));
    y.numbers.upload();
    kernels::dropout(gpu, probability, host, x.gpu(), y.gpu());  // the host knows the count
    kernels::dropout(cpu, probability, host, x.cpu(), y.cpu());
    CHECK(same(y));
  };
  check(0.5, 1, 1, 1, 0, false);
  check(0.5, 5, 7, 3, 0, false);
  check(0.25, 5, 7, 3, 2, true);
  check(0.9, 13, 17, 5, 0, true);  // more than one block of threads
  check(0, 3, 5, 4, 1, false);
}

TEST_CASE_TEMPLATE("cuda: PReLU is the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  const auto check = [&](int h, int w, int c, int extra, bool in_place) {
    CAPTURE(c);
    TwinView<T> x(gpu, 2, h, w, c, extra, 1), y(gpu, 2, h, w, c, 0, 2);
    TwinView<T> dy(gpu, 2, h, w, c, extra, 3), dx(gpu, 2, h, w, c, 0, 4);
    x.numbers.host[0] = 0;
    x.numbers.upload();
    Twin<T> slope(gpu, std::vector<T>{T(0.3)}), dslope(gpu, std::vector<T>{T(0.5)});
    std::vector<std::byte> workspace(kernels::prelu_workspace(2, x.shape.shape()));
    kernels::prelu_forward(cpu, slope.host.data(), x.cpu(), y.cpu());
    kernels::prelu_forward(gpu, slope.device.data(), x.gpu(), y.gpu());
    CHECK(same(y));
    kernels::prelu_backward(cpu, slope.host.data(), x.cpu(), dy.cpu(),
                            in_place ? dy.cpu() : dx.cpu(), dslope.host.data(), workspace.data());
    kernels::prelu_backward(gpu, slope.device.data(), x.gpu(), dy.gpu(),
                            in_place ? dy.gpu() : dx.gpu(), dslope.device.data(), nullptr);
    CHECK(same(dy));
    CHECK(same(dx));
    const T sum = dslope.read()[0];
    CHECK(std::fabs(sum - dslope.host[0]) <= 8 * unit<T> * (1 + std::fabs(dslope.host[0])));
    // Each alone.
    TwinView<T> g(gpu, 2, h, w, c, 1, 5);
    Twin<T> again(gpu, std::vector<T>{T(0.5)}), first(gpu, std::vector<T>{T(0.5)});
    kernels::prelu_backward(gpu, slope.device.data(), x.gpu(), g.gpu(), View<T>{},
                            again.device.data(), nullptr);
    kernels::prelu_backward(gpu, slope.device.data(), x.gpu(), g.gpu(), dx.gpu(),
                            first.device.data(), nullptr);
    CHECK(again.read() == first.read());
    kernels::prelu_backward(gpu, slope.device.data(), x.gpu(), g.gpu(), dx.gpu(), nullptr, nullptr);
    kernels::prelu_backward(cpu, slope.host.data(), x.cpu(), g.cpu(), dx.cpu(), nullptr,
                            workspace.data());
    CHECK(same(dx));
  };
  check(5, 7, 3, 0, false);
  check(5, 7, 3, 2, true);
  check(23, 29, 5, 0, true);  // several blocks
  check(1, 1, 1, 1, false);
}

TEST_CASE_TEMPLATE("cuda: normalisation by constants is the CPU's, bit for bit", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  const double mean[] = {0.485, 0.456, 0.406, -1}, deviation[] = {0.229, 0.224, 0.225, 3};
  for (const int c : {1, 3, 4})
    for (const int extra : {0, 3}) {
      TwinView<T> x(gpu, 2, 11, 13, c, extra, 1), y(gpu, 2, 11, 13, c, 1, 2);
      kernels::normalize_forward(cpu, mean, deviation, x.cpu(), y.cpu());
      kernels::normalize_forward(gpu, mean, deviation, x.gpu(), y.gpu());
      CHECK(same(y));
      kernels::normalize_forward(cpu, mean, deviation, x.cpu(), x.cpu());
      kernels::normalize_forward(gpu, mean, deviation, x.gpu(), x.gpu());
      CHECK(same(x));
      kernels::normalize_backward(cpu, deviation, y.cpu(), x.cpu());
      kernels::normalize_backward(gpu, deviation, y.gpu(), x.gpu());
      CHECK(same(x));
      kernels::normalize_backward(gpu, deviation, y.gpu(), View<T>{});
    }
  TwinView<T> wide(gpu, 1, 1, 1, 5, 0, 1);
  CHECK_THROWS_WITH_AS(kernels::normalize_forward(gpu, mean, deviation, wide.gpu(), wide.gpu()),
                       "normalize on a GPU: expected at most 4 channels, got 5", ArgumentError);
}
