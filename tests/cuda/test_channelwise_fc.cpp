// SPDX-License-Identifier: BSD-3-Clause
// Channel-wise products: the GPU's kernels, emulated, beside the CPU's.
#include <doctest/doctest.h>

#include <tessera/kernels/channelwise_fc.hpp>
#include <tessera/kernels/cuda/channelwise_fc.hpp>
#include <tessera/tensor/buffer.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE_TEMPLATE("cuda: channel-wise products are the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  struct Sizes {
    int batch, height, width, channels;
  };
  for (const Sizes& s : {Sizes{1, 1, 1, 1}, Sizes{3, 3, 5, 2}, Sizes{1, 4, 3, 7},
                         Sizes{5, 4, 4, 33}, Sizes{2, 6, 5, 17}})
    for (const int extra : {0, 3}) {
      CAPTURE(s.batch);
      CAPTURE(s.channels);
      const Shape shape{s.height, s.width, s.channels};
      const auto weights = static_cast<std::size_t>(shape.size() * shape.pixels());
      TwinView<T> x(gpu, s.batch, s.height, s.width, s.channels, extra, 1);
      TwinView<T> y(gpu, s.batch, s.height, s.width, s.channels, extra + 1, 2);
      TwinView<T> dx(gpu, s.batch, s.height, s.width, s.channels, extra, 3);
      Twin<T> weight(gpu, random_numbers<T>(weights, 4));
      Twin<T> dweight(gpu, random_numbers<T>(weights, 5));
      Buffer<std::byte> workspace(kernels::channelwise_fc_workspace<T>(s.batch, shape, true));
      const auto near = [](const Twin<T>& v) { return distance(v.read(), v.host) <= 64 * unit<T>; };

      kernels::channelwise_fc_forward(cpu, x.cpu(), static_cast<const T*>(weight.host.data()),
                                      y.cpu(), workspace.data());
      kernels::channelwise_fc_forward(gpu, x.gpu(), static_cast<const T*>(weight.device.data()),
                                      y.gpu(), nullptr);
      CHECK(near(y.numbers));

      const auto backward = [&](bool with_dx, bool with_dweight) {
        const auto view = [&](const View<T>& v) { return with_dx ? v : View<T>{}; };
        kernels::channelwise_fc_backward(
            cpu, x.cpu(), y.cpu(), static_cast<const T*>(weight.host.data()), view(dx.cpu()),
            with_dweight ? dweight.host.data() : nullptr, workspace.data());
        kernels::channelwise_fc_backward(
            gpu, x.gpu(), y.gpu(), static_cast<const T*>(weight.device.data()), view(dx.gpu()),
            with_dweight ? dweight.device.data() : nullptr, nullptr);
        CHECK(near(dx.numbers));
        CHECK(near(dweight));
      };
      const std::vector<T> first_dx = dx.numbers.host, first_dweight = dweight.host;
      backward(false, false);
      CHECK(dx.numbers.read() == first_dx);
      CHECK(dweight.read() == first_dweight);
      backward(false, true);
      CHECK(dx.numbers.read() == first_dx);
      backward(true, false);
      backward(true, true);
    }
}

TEST_CASE("cuda: a channel-wise product in place gives the gradient of its input") {
  const Context<Cuda> gpu;
  TwinView<double> x(gpu, 2, 3, 4, 5, 1, 1), d(gpu, 2, 3, 4, 5, 0, 2), dx(gpu, 2, 3, 4, 5, 0, 3);
  Twin<double> weight(gpu, random_numbers<double>(5 * 12 * 12, 4));
  const auto backward = [&](const View<double>& to) {
    kernels::channelwise_fc_backward(gpu, x.gpu(), d.gpu(),
                                     static_cast<const double*>(weight.device.data()), to, nullptr,
                                     nullptr);
  };
  backward(dx.gpu());
  backward(d.gpu());
  CHECK(d.numbers.read() == dx.numbers.read());
}
