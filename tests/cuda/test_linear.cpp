// SPDX-License-Identifier: BSD-3-Clause
// Matrix products and linear maps: the GPU's, emulated, beside the CPU's.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/linear.hpp>
#include <tessera/kernels/cuda/linear.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/linear.hpp>
#include <tessera/network/containers.hpp>

#include "on_device.hpp"
#include "same_model.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE_TEMPLATE("cuda: matrix products are the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  for (const auto ta : {kernels::Transpose::no, kernels::Transpose::yes})
    for (const auto tb : {kernels::Transpose::no, kernels::Transpose::yes})
      for (const T beta : {T(0), T(1), T(-0.5)})
        for (const int k : {0, 1, 7}) {
          const int m = 5, n = 3, ld = 9;
          const Twin<T> a(gpu, random_numbers<T>(9 * ld, 1)), b(gpu, random_numbers<T>(9 * ld, 2));
          std::vector<T> numbers = random_numbers<T>(9 * ld, 3);
          if (beta == T(0)) numbers[ld + 1] = std::numeric_limits<T>::quiet_NaN();  // not read
          Twin<T> c(gpu, numbers);
          kernels::gemm<T>(cpu, ta, tb, m, n, k, T(1.5), a.host.data(), ld, b.host.data(), ld, beta,
                           c.host.data(), ld);
          kernels::gemm<T>(gpu, ta, tb, m, n, k, T(1.5), a.device.data(), ld, b.device.data(), ld,
                           beta, c.device.data(), ld);
          CHECK(distance(c.read(), c.host) <= 8 * unit<T>);
        }
}

TEST_CASE_TEMPLATE("cuda: linear maps are the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  for (const int extra : {0, 2})
    for (const int height : {1, 5})  // few and many pixels
      for (const int in : {1, 7})
        for (const int out : {1, 5, 70}) {
          TwinView<T> x(gpu, 2, height, 3, in, extra, 1), dx(gpu, 2, height, 3, in, 1, 2);
          TwinView<T> y(gpu, 2, height, 3, out, extra, 3), dy(gpu, 2, height, 3, out, 1, 4);
          const auto size = static_cast<std::size_t>(in * out);
          Twin<T> w(gpu, random_numbers<T>(size, 5)), dw(gpu, random_numbers<T>(size, 6));
          Twin<T> b(gpu, random_numbers<T>(static_cast<std::size_t>(out), 7));
          const T* const weight = w.host.data();
          const T* const device_weight = w.device.data();
          for (const bool bias : {true, false}) {
            kernels::linear_forward(cpu, x.cpu(), weight, bias ? b.host.data() : nullptr, y.cpu());
            kernels::linear_forward(gpu, x.gpu(), device_weight, bias ? b.device.data() : nullptr,
                                    y.gpu());
            CHECK(distance(y.numbers.read(), y.numbers.host) <= 16 * unit<T>);
          }
          kernels::linear_backward_input(cpu, dy.cpu(), weight, dx.cpu());
          kernels::linear_backward_input(gpu, dy.gpu(), device_weight, dx.gpu());
          CHECK(distance(dx.numbers.read(), dx.numbers.host) <= 16 * unit<T>);
          kernels::linear_backward_weight(cpu, x.cpu(), dy.cpu(), dw.host.data());
          kernels::linear_backward_weight(gpu, x.gpu(), dy.gpu(), dw.device.data());
          CHECK(distance(dw.read(), dw.host) <= 16 * unit<T>);
        }
}

// The CPU adds up to 256 pixels in T, the GPU all in double: so this is compared with exact sums.
TEST_CASE_TEMPLATE("cuda: gradients of biases are sums over the pixels", T, float, double) {
  const Context<Cuda> gpu;
  for (const int extra : {0, 3})
    for (const auto& [height, width] : {std::pair{1, 1}, {7, 9}, {23, 31}})  // one chunk, or many
      for (const int channels : {1, 3, 70}) {
        TwinView<T> dy(gpu, 2, height, width, channels, extra, 1);
        const auto count = static_cast<std::size_t>(channels);
        Twin<T> a(gpu, random_numbers<T>(count, 2)), b(gpu, random_numbers<T>(count, 3));
        const auto add = [&](Twin<T>* first, Twin<T>* second) {
          for (std::size_t c = 0; c < count; ++c) {
            long double sum = 0;
            for (std::ptrdiff_t p = 0; p < dy.shape.pixels(); ++p) sum += dy.cpu().pixel(p)[c];
            for (Twin<T>* const sums : {first, second})
              if (sums) sums->host[c] += static_cast<T>(sum);
          }
          kernels::bias_gradient(gpu, View<const T>(dy.gpu()),
                                 first ? first->device.data() : nullptr,
                                 second ? second->device.data() : nullptr);
          CHECK(distance(a.read(), a.host) <= (sizeof(T) == 4 ? 2 : 16) * unit<T>);
          CHECK(distance(b.read(), b.host) <= (sizeof(T) == 4 ? 2 : 16) * unit<T>);
        };
        add(&a, &b);
        if (height > 1) continue;
        add(&a, nullptr);
        add(nullptr, &b);
        add(nullptr, nullptr);
      }
}

TEST_CASE_TEMPLATE("cuda: networks of linear layers train as on the CPU", T, float, double) {
  using Map = Network<Input<5, 3, 4>, Linear<4, 17>, Tanh, Linear<17, 3, no_bias()>>;
  using Inside = Network<Input<3, 4, 2>, Named<"in", Linear<2, 3>>, SkipConcat<Linear<3, 2>>,
                         Named<"out", Linear<5, 2>>>;
  for (const int batch : {1, 3}) {
    expect_same_step<Map, T>(batch, 64);
    expect_same_step<Inside, T>(batch, 64);
  }
  expect_same_step<Map, T>(2, 64, {Shape{1, 1, 4}});
}
