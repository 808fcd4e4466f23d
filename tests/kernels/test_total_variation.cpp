// SPDX-License-Identifier: BSD-3-Clause
// Total variation against plain loops, in every layout; tests/losses has its gradient check.
#include <doctest/doctest.h>

#include <tessera/kernels/total_variation.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("total_variation: sums and slopes against plain loops", T, float, double) {
  const int n = 2, h = 7, w = 9;
  for (const Layout layout : layouts)
    for (const int c : {1, 3, 17}) {
      Field<T> y(n, h, w, c, layout, 1), t(n, h, w, c, Layout::contiguous, 2);
      Field<T> dy(n, h, w, c, layout, 3), before = dy;
      std::vector<std::uint8_t> hole(n * h * w);
      RandomStream random(Seed{4}, 0);
      for (auto& v : hole) v = random.integer(0, 6) == 0;
      const auto at = [&](int i, int a, int b) {
        return static_cast<std::size_t>((i * h + a) * w + b);
      };
      const auto in_region = [&](int i, int a, int b) {
        for (int u = std::max(a - 1, 0); u < std::min(a + 2, h); ++u)
          for (int v = std::max(b - 1, 0); v < std::min(b + 2, w); ++v)
            if (hole[at(i, u, v)]) return true;
        return false;
      };
      const auto z = [&](int i, int a, int b, int k) {
        const auto p = static_cast<std::ptrdiff_t>(at(i, a, b));
        return static_cast<double>(hole[at(i, a, b)] ? y.at(p, k) : t.at(p, k));
      };
      std::vector<std::byte> workspace(total_variation_workspace(n, {h, w, c}));
      const double loss = total_variation(Context<Cpu>{}, y, t, {hole.data(), n, h, w}, 0.25,
                                          dy.view(), workspace.data());
      CHECK(total_variation(Context<Cpu>{3}, y, t, {hole.data(), n, h, w}, 0.25, View<T>{},
                            workspace.data()) == loss);
      double want = 0;
      const int steps[][2] = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};
      for (int i = 0; i < n; ++i)
        for (int a = 0; a < h; ++a)
          for (int b = 0; b < w; ++b)
            for (int k = 0; k < c; ++k) {
              double slope = 0;
              for (const auto& s : steps) {
                const int u = a + s[0], v = b + s[1];
                if (u < 0 || v < 0 || u >= h || v >= w) continue;
                if (!in_region(i, a, b) || !in_region(i, u, v)) continue;
                const double d = z(i, a, b, k) - z(i, u, v, k);
                want += std::fabs(d) / 2;  // every pair is met twice
                if (hole[at(i, a, b)]) slope += (d > 0) - (d < 0);
              }
              const auto p = static_cast<std::ptrdiff_t>(at(i, a, b));
              CHECK(near(dy.at(p, k), static_cast<double>(before.at(p, k)) + 0.25 * slope));
            }
      CHECK(want > 1);
      CHECK(loss == doctest::Approx(want).epsilon(1e-12));
      CHECK(dy.intact());
    }
}

TEST_CASE("total_variation: threads give the same bits") {
  Field<float> y(3, 33, 20, 3), t(3, 33, 20, 3, Layout::contiguous, 2);
  std::vector<std::uint8_t> hole(3 * 33 * 20);
  RandomStream random(Seed{4}, 0);
  for (auto& v : hole) v = random.uniform() < 0.5;
  std::vector<std::byte> workspace(total_variation_workspace(3, {33, 20, 3}));
  std::vector<float> first;
  double loss = 0;
  for (const int threads : thread_counts) {
    Field<float> dy(3, 33, 20, 3, Layout::slice, 3);
    const double l = total_variation(Context<Cpu>{threads}, y, t, {hole.data(), 3, 33, 20}, 1,
                                     dy.view(), workspace.data());
    if (threads == 1) first = dy.memory(), loss = l;
    CHECK((same_bits(first, dy.memory()) && l == loss));
  }
}
