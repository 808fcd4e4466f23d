// SPDX-License-Identifier: BSD-3-Clause
// PReLU against a scalar twin: all layouts, in place, unwanted gradients, any number of threads.
#include <doctest/doctest.h>

#include <tessera/kernels/prelu.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

namespace {
std::vector<std::byte> scratch(int batch, const Shape& shape) {
  return std::vector<std::byte>(prelu_workspace(batch, shape) + 64, std::byte{0xFF});
}
}  // namespace

TEST_CASE_TEMPLATE("prelu: the twin, in every layout and in place", T, float, double) {
  for (const T slope : {T(0.25), T(-0.5), T(0)})
    for (const Layout layout : layouts)
      for (const int c : channel_counts) {
        Field<T> x(3, 3, 5, c, layout, 1), y(3, 3, 5, c, Layout::slice, 2);
        Field<T> dy(3, 3, 5, c, layout, 3), dx(3, 3, 5, c, Layout::contiguous, 4);
        x.at(7, 0) = T(0), x.at(8, 0) = T(-0.0);
        prelu_forward(Context<Cpu>{}, &slope, x, y.view());
        auto workspace = scratch(3, {3, 5, c});
        T dslope = T(2);
        prelu_backward(Context<Cpu>{}, &slope, x, dy, dx.view(), &dslope, workspace.data());
        double sum = 0, size = 0;
        for (std::ptrdiff_t p = 0; p < 45; ++p)
          for (int i = 0; i < c; ++i) {
            const T v = x.at(p, i), g = dy.at(p, i);
            CHECK(y.at(p, i) == (v > 0 ? v : v * slope));
            CHECK(dx.at(p, i) == (v > 0 ? g : g * slope));
            if (v > 0) continue;
            sum += static_cast<double>(v) * static_cast<double>(g);
            size += std::fabs(static_cast<double>(v) * static_cast<double>(g));
          }
        const double unit = sizeof(T) == 4 ? 0x1p-23 : 0x1p-52;
        CHECK(std::fabs(static_cast<double>(dslope) - 2 - sum) <= 2 * unit * (size + 2));
        // unwanted gradients, and the gradient over its own source
        prelu_backward(Context<Cpu>{}, &slope, x, dy, View<T>{}, nullptr, nullptr);
        T again = T(2);
        prelu_backward(Context<Cpu>{}, &slope, x, dy, View<T>{}, &again, workspace.data());
        CHECK(std::fabs(static_cast<double>(again - dslope)) <= 2 * unit * (size + 2));
        prelu_backward(Context<Cpu>{}, &slope, x, dy, dy.view(), nullptr, workspace.data());
        prelu_forward(Context<Cpu>{}, &slope, x, x.view());
        for (std::ptrdiff_t p = 0; p < 45; ++p)
          for (int i = 0; i < c; ++i) {
            CHECK(dy.at(p, i) == dx.at(p, i));
            CHECK(x.at(p, i) == y.at(p, i));
          }
        CHECK((x.intact() && y.intact() && dx.intact() && dy.intact()));
      }
}

TEST_CASE("prelu: the slope's sum over many numbers is a double's; any number of threads") {
  const float quarter = 0.25f;
  float first = 0;
  for (const int threads : thread_counts) {
    Field<float> x(3, 200, 200, 17), dy(3, 200, 200, 17, Layout::slice), dx(3, 200, 200, 17);
    x.fill(-0.1f), dy.fill(0.1f);
    auto workspace = scratch(3, {200, 200, 17});
    float dslope = 0;
    prelu_backward(Context<Cpu>{threads}, &quarter, x, dy, dx.view(), &dslope, workspace.data());
    if (threads == 1) first = dslope;
    CHECK(dslope == first);
    CHECK(dslope == static_cast<float>(-0.1f * 0.1f) * 2040000.0f);
  }
  Field<float> nan(1, 1, 1, 3), y(1, 1, 1, 3);
  nan.at(0, 1) = std::nanf("");
  prelu_forward(Context<Cpu>{}, &quarter, nan, y.view());
  CHECK(std::isnan(y.at(0, 1)));
}
