// SPDX-License-Identifier: BSD-3-Clause
// Optimiser steps against the formulas in double, several steps long.
#include <doctest/doctest.h>

#include <tessera/kernels/optimizer.hpp>
#include <tessera/optimizers/algorithms.hpp>
#include <tessera/optimizers/step_settings.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

namespace {
constexpr std::size_t sizes[] = {0, 1, 15, 16, 17, 33, 40000};
template <class T>
std::vector<T> numbers(std::size_t n, std::uint64_t seed) {
  std::vector<T> v(n);
  RandomStream random(Seed{seed}, 0);
  for (T& x : v) x = static_cast<T>(random.normal());
  return v;
}
}  // namespace

TEST_CASE_TEMPLATE("optimizer: Adam", T, float, double) {
  for (std::size_t n : sizes)
    for (double decay : {0.0, 0.1})
      for (double scale : {1.0, 0.25}) {
        auto w = numbers<T>(n + 1, 1), m = std::vector<T>(n + 1), v = m;  // from element 1:
        std::vector<double> wd(w.begin(), w.end()), md(n + 1), vd(n + 1);   // misaligned
        const Adam adam{.learning_rate = 0.05, .beta1 = 0.5, .weight_decay = decay};
        T* const buffers[] = {m.data() + 1, v.data() + 1};
        for (int t = 1; t <= 4; ++t) {
          const auto g = numbers<T>(n + 1, static_cast<std::uint64_t>(t) + 5);
          optimizer_step(Context<Cpu>{2}, n, w.data() + 1, g.data() + 1, buffers,
                         step_of(adam, t, 1), scale);
          for (std::size_t i = 1; i <= n; ++i) {
            const double gd = scale * static_cast<double>(g[i]) + decay * wd[i];
            md[i] = 0.5 * md[i] + 0.5 * gd;
            vd[i] = 0.999 * vd[i] + 0.001 * gd * gd;
            wd[i] -= 0.05 * (md[i] / (1 - std::pow(0.5, t))) /
                     (std::sqrt(vd[i] / (1 - std::pow(0.999, t))) + 1e-8);
          }
        }
        CHECK((v[0] == T(0) && m[0] == T(0)));
        bool close = true;
        for (std::size_t i = 1; i <= n; ++i)
          close = close && near(w[i], wd[i], 64) && near(m[i], md[i]) && near(v[i], vd[i]);
        CHECK(close);
      }
}

TEST_CASE_TEMPLATE("optimizer: SGD, momentum, weight decay", T, float, double) {
  for (std::size_t n : sizes)
    for (double momentum : {0.0, 0.9}) {
      auto w = numbers<T>(n + 1, 1), u = std::vector<T>(n + 1);
      std::vector<double> wd(w.begin(), w.end()), ud(n + 1);
      const Sgd sgd{.learning_rate = 0.1, .momentum = momentum, .weight_decay = 0.01};
      T* const buffers[] = {u.data() + 1};
      for (int t = 1; t <= 4; ++t) {
        const auto g = numbers<T>(n + 1, static_cast<std::uint64_t>(t) + 5);
        optimizer_step(Context<Cpu>{2}, n, w.data() + 1, g.data() + 1, buffers, step_of(sgd, t, 1),
                       0.5);
        for (std::size_t i = 1; i <= n; ++i) {
          const double gd = 0.5 * static_cast<double>(g[i]) + 0.01 * wd[i];
          ud[i] = momentum * ud[i] + gd;
          wd[i] -= 0.1 * ud[i];
        }
      }
      bool close = true;
      for (std::size_t i = 1; i <= n; ++i) close = close && near(w[i], wd[i], 32);
      CHECK(close);
    }
}

TEST_CASE("optimizer: any number of threads gives the same bits") {
  const std::size_t n = 100003;
  const auto g = numbers<float>(n, 3);
  const Adam adam{.weight_decay = 0.1};
  std::vector<float> first;
  for (int threads : thread_counts) {
    auto w = numbers<float>(n, 1), m = numbers<float>(n, 2), v = std::vector<float>(n, 0.5f);
    float* const buffers[] = {m.data(), v.data()};
    optimizer_step(Context<Cpu>{threads}, n, w.data(), g.data(), buffers, step_of(adam, 3, 1), 1.0);
    if (threads == 1) first = w;
    CHECK(same_bits(first, w));
  }
}
