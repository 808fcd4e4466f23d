// SPDX-License-Identifier: BSD-3-Clause
// Composites: the GPU's kernels, emulated, are the CPU's bit for bit, NaN under what is not
// selected too.
#include <doctest/doctest.h>

#include <tessera/kernels/composite.hpp>
#include <tessera/kernels/cuda/composite.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE_TEMPLATE("cuda: composites are the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  for (const int batch : {1, 2})
    for (const int channels : {1, 3, 5})
      for (const int extra : {0, 2}) {
        CAPTURE(channels);
        const int pixels = batch * 5 * 7;
        std::vector<std::uint8_t> in_hole;
        for (const float v : random_numbers<float>(static_cast<std::size_t>(pixels), 9))
          in_hole.push_back(v > 0 ? 255 : 0);
        Twin<std::uint8_t> hole(gpu, in_hole);
        const HoleView cpu_hole{hole.host.data(), batch, 5, 7};
        const HoleView gpu_hole{hole.device.data(), batch, 5, 7};
        TwinView<T> y(gpu, batch, 5, 7, channels, extra, 1), t(gpu, batch, 5, 7, channels, 1, 2);
        TwinView<T> z(gpu, batch, 5, 7, channels, extra, 3);
        for (int p = 0; p < pixels; ++p)
          (hole.host[static_cast<std::size_t>(p)] ? t : y).cpu().pixel(p)[0] = NAN;
        y.numbers.upload();
        t.numbers.upload();
        kernels::composite(cpu, y.cpu(), t.cpu(), cpu_hole, z.cpu());
        kernels::composite(gpu, y.gpu(), t.gpu(), gpu_hole, z.gpu());
        CHECK(z.numbers.read() == z.numbers.host);  // no NaN: it would not equal itself

        TwinView<T> dz(gpu, batch, 5, 7, channels, extra, 4), dy(gpu, batch, 5, 7, channels, 3, 5);
        for (int p = 0; p < pixels; ++p)
          if (!hole.host[static_cast<std::size_t>(p)]) dz.cpu().pixel(p)[0] = NAN;
        dz.numbers.upload();
        kernels::composite_backward(cpu, dz.cpu(), cpu_hole, dy.cpu());
        kernels::composite_backward(gpu, dz.gpu(), gpu_hole, dy.gpu());
        CHECK(dy.numbers.read() == dy.numbers.host);

        // In place: z is y.
        kernels::composite(cpu, y.cpu(), t.cpu(), cpu_hole, y.cpu());
        kernels::composite(gpu, y.gpu(), t.gpu(), gpu_hole, y.gpu());
        CHECK(y.numbers.read() == y.numbers.host);
      }
}
