// SPDX-License-Identifier: BSD-3-Clause
// Channel-wise products against plain loops in double: tails of vectors and row tiles, strides,
// threads.
#include <doctest/doctest.h>

#include <vector>

#include <tessera/kernels/channelwise_fc.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("channelwise_fc: against plain loops", T, float, double) {
  for (const Layout layout : layouts)
    for (const int n : {1, 3, 7, 13})  // one row, a tile, more than a tile
      for (const Shape size : {Shape{1, 1, 2}, {3, 3, 5}, {6, 6, 17}, {5, 13, 3}}) {
        const int C = size.channels, P = size.height * size.width;
        const auto weights = static_cast<std::size_t>(C * P * P);
        Field<T> w(1, 1, 1, C * P * P, Layout::contiguous, 7);
        Field<T> x(n, size.height, size.width, C, layout, 1),
            dy(n, size.height, size.width, C, layout, 2);
        Field<T> y(n, size.height, size.width, C, layout, 3), dx = y;
        std::vector<T> dw(weights, T(1)), first_y, first_dx, first_dw;
        for (const int threads : thread_counts) {
          const Context<Cpu> context{threads};
          std::vector<double> scratch(channelwise_fc_workspace<T>(n, size, true) / 8 + 8);
          auto* workspace = reinterpret_cast<std::byte*>(scratch.data());
          std::fill(dw.begin(), dw.end(), T(1));
          const T* weight = w.view().data;
          channelwise_fc_forward(context, x, weight, y.view(), workspace);
          channelwise_fc_backward(context, x, dy, weight, dx.view(), dw.data(), workspace);
          CHECK((y.intact() && dx.intact()));
          if (threads == 1) first_y = y.memory(), first_dx = dx.memory(), first_dw = dw;
          CHECK((same_bits(first_y, y.memory()) && same_bits(first_dx, dx.memory())));
          CHECK(same_bits(first_dw, dw));
        }
        int wrong = 0;
        for (int c = 0; c < C; ++c)
          for (int j = 0; j < P; ++j) {
            for (int k = 0; k < n; ++k) {
              double sum = 0, back = 0;
              for (int i = 0; i < P; ++i) {
                sum += double{x.at(k * P + i, c)} * double{w.at(0, (c * P + i) * P + j)};
                back += double{dy.at(k * P + i, c)} * double{w.at(0, (c * P + j) * P + i)};
              }
              wrong += !near(y.at(k * P + j, c), sum, 128) + !near(dx.at(k * P + j, c), back, 128);
            }
            for (int i = 0; i < P; ++i) {
              double sum = 1;
              for (int k = 0; k < n; ++k)
                sum += double{x.at(k * P + i, c)} * double{dy.at(k * P + j, c)};
              wrong += !near(dw[static_cast<std::size_t>((c * P + i) * P + j)], sum, 128);
            }
          }
        CHECK(wrong == 0);
      }
}
