// SPDX-License-Identifier: BSD-3-Clause
// Permutations and flattening against plain loops, in every layout, and nothing written outside.
#include <doctest/doctest.h>

#include <tessera/kernels/permute.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("permute: all orders, against plain loops", T, float, double) {
  const AxisOrder orders[]{{{0, 1, 2}}, {{0, 2, 1}}, {{1, 0, 2}},
                           {{1, 2, 0}}, {{2, 0, 1}}, {{2, 1, 0}}};
  for (const int threads : thread_counts)
    for (const Layout layout : layouts)
      for (const Shape size : {Shape{1, 1, 1}, {5, 1, 1}, {1, 1, 37}, {17, 33, 3}, {3, 16, 35}})
        for (const AxisOrder& order : orders) {
          Field<T> x(2, size.height, size.width, size.channels, layout, 1);
          const Shape s = order(size);
          Field<T> y(2, s.height, s.width, s.channels, layout, 2), back = x;
          permute(Context<Cpu>{threads}, order, x, y.view());
          int wrong = 0;
          for (int n = 0; n < 2; ++n)
            for (int a = 0; a < s.height; ++a)
              for (int b = 0; b < s.width; ++b)
                for (int c = 0; c < s.channels; ++c) {
                  int j[3];
                  j[order.axis[0]] = a, j[order.axis[1]] = b, j[order.axis[2]] = c;
                  wrong += y.view()(n, a, b, c) != x.view()(n, j[0], j[1], j[2]);
                }
          CHECK(wrong == 0);
          CHECK(y.intact());
          back.fill(T(0));
          permute(Context<Cpu>{threads}, order.inverse(), y, back.view());
          CHECK(same_bits(back.memory(), x.memory()));
        }
}

TEST_CASE_TEMPLATE("flatten, unflatten: channel by channel, and back", T, float, double) {
  for (const int threads : thread_counts)
    for (const Layout layout : layouts)
      for (const Shape size : {Shape{1, 1, 1}, {1, 1, 37}, {7, 5, 1}, {17, 33, 3}, {4, 4, 70}}) {
        const int H = size.height, W = size.width, C = size.channels;
        Field<T> x(3, H, W, C, layout, 1), y(3, 1, 1, H * W * C, layout, 2), back = x;
        flatten(Context<Cpu>{threads}, x, y.view());
        int wrong = 0;
        for (int n = 0; n < 3; ++n)
          for (int h = 0; h < H; ++h)
            for (int w = 0; w < W; ++w)
              for (int c = 0; c < C; ++c)
                wrong += y.view()(n, 0, 0, (c * H + h) * W + w) != x.view()(n, h, w, c);
        CHECK(wrong == 0);
        CHECK(y.intact());
        back.fill(T(0));
        unflatten(Context<Cpu>{threads}, y, back.view());
        CHECK(same_bits(back.memory(), x.memory()));
      }
}
