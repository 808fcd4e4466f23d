// SPDX-License-Identifier: BSD-3-Clause
// The mask path of partial convolutions on the (emulated) GPU: the CPU's, bit for bit.
#include <doctest/doctest.h>

#include <tessera/kernels/conv2d.hpp>

#include "conv2d_fixture.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE_TEMPLATE("cuda: partial_conv2d_mask is the CPU's, bit for bit", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  constexpr int sizes[][2] = {{1, 1}, {5, 7}, {12, 9}};
  for (const auto& s : sizes)
    for (const int kernel : {1, 2, 3, 5, 7})
      for (const int stride : {1, 2, 3})
        for (int padding = 0; padding < kernel; padding += 2)
          for (int groups = 0; groups <= 3; ++groups) {
            const ConvCase c{2, s[0], s[1], 7, 1, padding, groups};
            if (s[0] + 2 * padding < kernel || s[1] + 2 * padding < kernel) continue;
            CAPTURE(kernel);
            CAPTURE(stride);
            CAPTURE(padding);
            CAPTURE(groups);
            ConvInputs<T> in(gpu, c, kernel, stride);
            for (std::size_t i = 0; i < in.mask.host.size(); ++i)  // whole windows of holes too
              in.mask.host[i] = i > in.mask.host.size() / 2 && i % 5 != 0;
            in.mask.upload();
            Twin<std::uint8_t> y_valid(gpu, std::vector<std::uint8_t>(in.scales.host.size(), 7));
            MutableValidView to{
                y_valid.host.data(), in.p.batch, in.p.out_height, in.p.out_width, {1, {1}}};
            kernels::partial_conv2d_mask(cpu, in.p, in.valid(), in.scales.host.data(), to);
            to.data = y_valid.device.data();
            kernels::partial_conv2d_mask(gpu, in.p, in.gpu_valid(), in.scales.device.data(), to);
            CHECK(in.scales.read() == in.scales.host);
            CHECK(y_valid.read() == y_valid.host);
          }
}
