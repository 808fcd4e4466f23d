// SPDX-License-Identifier: BSD-3-Clause
// Max pooling against plain loops with PyTorch's tie and NaN rules.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/max_pool.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

namespace {
/// Position of the maximum of one window, and the gradient by definition.
template <class T>
void twin(int k, int s, Field<T>& x, Field<T>& y, Field<T>& dy, Field<T>& dx) {
  dx.fill(0);
  const View<T> yv = y.view(), xv = x.view();
  for (int n = 0; n < yv.batch; ++n)
    for (int a = 0; a < yv.height; ++a)
      for (int b = 0; b < yv.width; ++b)
        for (int c = 0; c < yv.channels; ++c) {
          int bu = 0, bv = 0;
          T best = xv(n, a * s, b * s, c);
          for (int u = 0; u < k; ++u)
            for (int v = 0; v < k; ++v) {
              const T value = xv(n, a * s + u, b * s + v, c);
              if (value > best || std::isnan(value)) best = value, bu = u, bv = v;
            }
          yv(n, a, b, c) = best;
          dx.view()(n, a * s + bu, b * s + bv, c) += dy.view()(n, a, b, c);
        }
}
}  // namespace

TEST_CASE_TEMPLATE("max_pool: against plain loops, ties and NaN included", T, float, double) {
  for (int threads : thread_counts)
    for (Layout layout : layouts)
      for (int c : {1, 3, 15, 16, 17, 33, 70})
        for (auto [k, s] : {std::pair{2, 2}, {3, 2}, {3, 1}, {2, 3}, {1, 1}}) {
          const int n = 2, h = 8, w = 7, oh = (h - k) / s + 1, ow = (w - k) / s + 1;
          Field<T> x(n, h, w, c, layout, 1), dx(n, h, w, c, layout, 2), dxt = dx;
          Field<T> y(n, oh, ow, c, layout, 3), yt = y, dy(n, oh, ow, c, Layout::slice, 4);
          for (std::ptrdiff_t p = 0; p < x.view().pixels(); ++p)
            for (int i = 0; i < c; ++i) x.at(p, i) = std::round(x.at(p, i));  // many ties
          x.at(9, 0) = std::numeric_limits<T>::quiet_NaN();
          x.at(30, c - 1) = -std::numeric_limits<T>::infinity();
          const Context<Cpu> context{threads};
          max_pool_forward(context, k, s, x, y.view());
          max_pool_backward(context, k, s, x, dy, dx.view());
          max_pool_backward(context, k, s, x, dy, View<T>{});
          twin(k, s, x, yt, dy, dxt);
          CHECK((same_bits(y.memory(), yt.memory()) && dx.intact()));
          for (std::ptrdiff_t p = 0; p < x.view().pixels(); ++p)
            for (int i = 0; i < c; ++i) CHECK(dx.at(p, i) == dxt.at(p, i));
        }
}
