// SPDX-License-Identifier: BSD-3-Clause
// Nearest upsampling against the definition.
#include <doctest/doctest.h>

#include <tessera/kernels/upsample.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("upsample: forward and backward against the definition", T, float, double) {
  for (int threads : thread_counts)
    for (Layout layout : layouts)
      for (int c : channel_counts)
        for (int f : {1, 2, 3}) {
          const int n = 2, h = 3, w = 5;
          Field<T> x(n, h, w, c, layout, 1), dx(n, h, w, c, layout, 2);
          Field<T> y(n, f * h, f * w, c, layout, 3), dy(n, f * h, f * w, c, Layout::slice, 4);
          upsample_forward(Context<Cpu>{threads}, f, x, y.view());
          upsample_backward(Context<Cpu>{threads}, f, dy, dx.view());
          upsample_backward(Context<Cpu>{threads}, f, dy, View<T>{});
          CHECK((y.intact() && dx.intact()));
          for (int s = 0; s < n; ++s)
            for (int k = 0; k < c; ++k) {
              for (int a = 0; a < f * h; ++a)
                for (int b = 0; b < f * w; ++b)
                  CHECK(y.view()(s, a, b, k) == x.view()(s, a / f, b / f, k));
              for (int i = 0; i < h; ++i)
                for (int j = 0; j < w; ++j) {
                  double sum = 0;
                  for (int a = 0; a < f; ++a)
                    for (int b = 0; b < f; ++b)
                      sum += static_cast<double>(dy.view()(s, f * i + a, f * j + b, k));
                  CHECK(near(dx.view()(s, i, j, k), sum));
                }
            }
        }
}

TEST_CASE("upsample: mask planes") {
  const MaskGroups groups{2, {4, 3}};
  const std::vector<std::uint8_t> x{1, 0, 0, 1, 1, 1};  // [1, 1, 3, 2]
  std::vector<std::uint8_t> y(24, 9);
  upsample_mask(Context<Cpu>{2}, 2, {x.data(), 1, 1, 3, groups}, {y.data(), 1, 2, 6, groups});
  for (int a = 0; a < 2; ++a)
    for (int b = 0; b < 6; ++b)
      for (int g = 0; g < 2; ++g)
        CHECK(y[static_cast<std::size_t>((a * 6 + b) * 2 + g)] ==
              x[static_cast<std::size_t>(b / 2 * 2 + g)]);
}
