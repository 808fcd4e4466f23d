// SPDX-License-Identifier: BSD-3-Clause
// Reductions against long double, non-finite numbers, and thread counts.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/reduce.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("reduce: against long double, at any address", T, float, double) {
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  for (int size : {0, 1, 7, 8, 15, 16, 17, 33, 16384, 50001}) {
    const auto n = static_cast<std::size_t>(size);
    Field<T> field(1, 1, size + 1, 1, Layout::misaligned, 3);
    T* x = field.view().data;
    std::vector<std::byte> workspace(reduce_workspace(n));
    long double total = 0, squares = 0, largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      total += x[i], squares += static_cast<long double>(x[i]) * x[i];
      largest = std::fmax(largest, std::fabs(static_cast<long double>(x[i])));
    }
    double first_sum = 0, first_squares = 0;
    for (int threads : thread_counts) {
      const Context<Cpu> context{threads};
      const double s = sum(context, x, n, workspace.data());
      const double q = sum_of_squares(context, x, n, workspace.data());
      if (threads == 1) first_sum = s, first_squares = q;
      CHECK((s == first_sum && q == first_squares));
      CHECK(near(s, static_cast<double>(total), 256));
      CHECK(near(q, static_cast<double>(squares), 64));
      CHECK(max_abs(context, x, n, workspace.data()) == static_cast<double>(largest));
      CHECK(count_non_finite(context, x, n, workspace.data()) == 0);
    }
    if (n < 3) continue;
    x[0] = inf, x[n - 1] = -inf;
    CHECK(max_abs(Context<Cpu>{}, x, n, workspace.data()) == static_cast<double>(inf));
    CHECK(count_non_finite(Context<Cpu>{}, x, n, workspace.data()) == 2);
    x[1] = nan;
    CHECK(std::isnan(max_abs(Context<Cpu>{}, x, n, workspace.data())));
    CHECK(count_non_finite(Context<Cpu>{}, x, n, workspace.data()) == 3);
  }
}
