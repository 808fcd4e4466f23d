// SPDX-License-Identifier: BSD-3-Clause
// Linear maps against plain loops in double, on both sides of the bound between few and many
// pixels; strides, tails, threads.
#include <doctest/doctest.h>

#include <vector>

#include <tessera/kernels/linear.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("linear: forward and gradients against plain loops", T, float, double) {
  for (const Layout layout : layouts)
    for (const int rows : {1, 2, 5, 7, 16, 17, 300})
      for (auto [in, out] : {std::pair{1, 1}, {3, 5}, {17, 16}, {70, 33}, {5, 150}}) {
        Field<T> x(rows, 1, 1, in, layout, 1), dy(rows, 1, 1, out, layout, 2);
        Field<T> w(1, 1, 1, in * out, Layout::misaligned, 3), b(1, 1, 1, out, layout, 4);
        Field<T> y(rows, 1, 1, out, layout, 5), dx(rows, 1, 1, in, layout, 6), plain = y;
        std::vector<T> dw(static_cast<std::size_t>(in * out)), db(static_cast<std::size_t>(out));
        std::vector<T> first_y, first_dx, first_dw, first_db;
        const T* weight = w.view().data;
        for (const int threads : thread_counts) {
          const Context<Cpu> context{threads};
          std::fill(dw.begin(), dw.end(), T(1)), std::fill(db.begin(), db.end(), T(1));
          linear_forward(context, x, weight, b.view().data, y.view());
          linear_forward(context, x, weight, nullptr, plain.view());
          linear_backward_input(context, dy, weight, dx.view());
          linear_backward_weight(context, x, dy, dw.data());
          bias_gradient(context, View<const T>(dy.view()), db.data());
          CHECK((y.intact() && dx.intact() && plain.intact()));
          if (threads == 1)
            first_y = y.memory(), first_dx = dx.memory(), first_dw = dw, first_db = db;
          CHECK((same_bits(first_y, y.memory()) && same_bits(first_dx, dx.memory())));
          CHECK((same_bits(first_dw, dw) && same_bits(first_db, db)));
        }
        int wrong = 0;
        for (int p = 0; p < rows; ++p) {
          for (int o = 0; o < out; ++o) {
            double sum = 0;
            for (int i = 0; i < in; ++i) sum += double{x.at(p, i)} * double{w.at(0, o * in + i)};
            wrong += !near(y.at(p, o), sum + double{b.at(0, o)}, 128);
            wrong += !near(plain.at(p, o), sum, 128);
          }
          for (int i = 0; i < in; ++i) {
            double sum = 0;
            for (int o = 0; o < out; ++o) sum += double{dy.at(p, o)} * double{w.at(0, o * in + i)};
            wrong += !near(dx.at(p, i), sum, 128);
          }
        }
        for (int o = 0; o < out; ++o) {
          double bias = 1;
          for (int p = 0; p < rows; ++p) bias += double{dy.at(p, o)};
          wrong += !near(db[static_cast<std::size_t>(o)], bias, 256);
          for (int i = 0; i < in; ++i) {
            double sum = 1;
            for (int p = 0; p < rows; ++p) sum += double{dy.at(p, o)} * double{x.at(p, i)};
            wrong += !near(dw[static_cast<std::size_t>(o * in + i)], sum, 512);
          }
        }
        CHECK(wrong == 0);
      }
}
