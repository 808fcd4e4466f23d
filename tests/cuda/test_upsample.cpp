// SPDX-License-Identifier: BSD-3-Clause
// Upsampling: the GPU's kernels, emulated, are the CPU's bit for bit, masks too.
#include <doctest/doctest.h>

#include <tessera/kernels/upsample.hpp>
#include <tessera/kernels/cuda/upsample.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE_TEMPLATE("cuda: upsampling is the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  const auto same = [](const TwinView<T>& v) { return v.numbers.read() == v.numbers.host; };
  for (const int batch : {1, 3})
    for (const int factor : {1, 2, 3})
      for (const int channels : {1, 3, 67})
        for (const int extra : {0, 2}) {
          CAPTURE(factor);
          CAPTURE(channels);
          TwinView<T> x(gpu, batch, 3, 5, channels, extra, 1);
          TwinView<T> y(gpu, batch, 3 * factor, 5 * factor, channels, extra, 2);
          kernels::upsample_forward(cpu, factor, x.cpu(), y.cpu());
          kernels::upsample_forward(gpu, factor, x.gpu(), y.gpu());
          CHECK(same(y));
          TwinView<T> dy(gpu, batch, 3 * factor, 5 * factor, channels, 1, 3);
          kernels::upsample_backward(cpu, factor, dy.cpu(), x.cpu());
          kernels::upsample_backward(gpu, factor, dy.gpu(), x.gpu());
          CHECK(same(x));
          kernels::upsample_backward(gpu, factor, dy.gpu(), View<T>{});
        }
}

TEST_CASE("cuda: upsampling of masks is the CPU's") {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  const auto bytes = [&](int count, std::uint64_t seed) {
    std::vector<std::uint8_t> values;
    for (const float v : random_numbers<float>(static_cast<std::size_t>(count), seed))
      values.push_back(v > 0);
    return Twin<std::uint8_t>(gpu, values);
  };
  for (const int factor : {1, 2, 3})
    for (const MaskGroups& groups : {MaskGroups{1, {4}}, MaskGroups{3, {1, 2, 5}}}) {
      const int planes = groups.count;
      Twin<std::uint8_t> x = bytes(2 * 3 * 5 * planes, 1);
      Twin<std::uint8_t> y = bytes(2 * 3 * 5 * planes * factor * factor, 2);
      kernels::upsample_mask(cpu, factor, {x.host.data(), 2, 3, 5, groups},
                             {y.host.data(), 2, 3 * factor, 5 * factor, groups});
      kernels::upsample_mask(gpu, factor, {x.device.data(), 2, 3, 5, groups},
                             {y.device.data(), 2, 3 * factor, 5 * factor, groups});
      CHECK(y.read() == y.host);
    }
}
