// SPDX-License-Identifier: BSD-3-Clause
// Bilinear resizing: the GPU's kernels, emulated, beside the CPU's.
#include <doctest/doctest.h>

#include <tessera/kernels/cpu/bilinear_axis.hpp>
#include <tessera/kernels/resize_bilinear.hpp>
#include <tessera/kernels/cuda/resize_bilinear.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE("cuda: the taps of bilinear resizing are the CPU's, bit for bit") {
  for (int in = 1; in <= 40; ++in)
    for (int out = 1; out <= 90; ++out) {
      const cuda::BilinearAxis a{in, out};
      const kernels::detail::BilinearAxis b{in, out};
      bool same = true;
      for (int o = 0; o < out; ++o) {
        const auto ta = a.taps(o);
        const auto tb = b.taps(o);
        same &= ta.low == tb.low && ta.high == tb.high && ta.share == tb.share;
        for (int i = 0; i < in; ++i) same &= ta.weight(i) == tb.weight(i);
      }
      for (int i = 0; i < in; ++i) same &= a.first(i) == b.first(i) && a.last(i) == b.last(i);
      if (!same) FAIL(in << " to " << out);
    }
}

TEST_CASE_TEMPLATE("cuda: bilinear resizing is the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  struct Sizes {
    int height, width, to_height, to_width;
  };
  for (const Sizes& s : {Sizes{1, 1, 4, 3}, Sizes{5, 7, 1, 1}, Sizes{4, 6, 8, 12},
                         Sizes{7, 5, 10, 17}, Sizes{9, 8, 4, 3}, Sizes{3, 7, 3, 7}})
    for (const int batch : {1, 2})
      for (const int channels : {1, 3, 37})
        for (const int extra : {0, 3}) {
          CAPTURE(s.to_height);
          CAPTURE(channels);
          TwinView<T> x(gpu, batch, s.height, s.width, channels, extra, 1);
          TwinView<T> y(gpu, batch, s.to_height, s.to_width, channels, extra, 2);
          kernels::resize_bilinear_forward(cpu, x.cpu(), y.cpu());
          kernels::resize_bilinear_forward(gpu, x.gpu(), y.gpu());
          CHECK(distance(y.numbers.read(), y.numbers.host) <= 2 * unit<T>);
          TwinView<T> dy(gpu, batch, s.to_height, s.to_width, channels, 1, 3);
          kernels::resize_bilinear_backward(cpu, dy.cpu(), x.cpu());
          kernels::resize_bilinear_backward(gpu, dy.gpu(), x.gpu());
          CHECK(distance(x.numbers.read(), x.numbers.host) <= 16 * unit<T>);
          kernels::resize_bilinear_backward(gpu, dy.gpu(), View<T>{});
        }
}

TEST_CASE("cuda: bilinear resizing makes ready all it launches") {
  const Context<Cuda> gpu;
  TwinView<float> x(gpu, 1, 3, 4, 2, 0, 1), y(gpu, 1, 500, 700, 2, 0, 2);
  const std::vector<float> before = y.numbers.read();
  const auto work = [&] { kernels::resize_bilinear_forward(gpu, x.gpu(), y.gpu()); };
  gpu.engine().prepare(work);
  CHECK(y.numbers.read() == before);  // noted, not run
#ifdef TESSERA_CUDA_EMULATE
  const std::size_t allocations = cuda::runtime::allocations;
#endif
  work();
#ifdef TESSERA_CUDA_EMULATE
  CHECK(cuda::runtime::allocations == allocations);
#endif
  CHECK(y.numbers.read() != before);
}
