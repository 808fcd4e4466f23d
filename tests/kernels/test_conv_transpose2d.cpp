// SPDX-License-Identifier: BSD-3-Clause
// The transposed convolution against its definition as loops, in both ways it is computed.
#include <doctest/doctest.h>

#include <tessera/kernels/conv_transpose2d.hpp>
#include <tessera/tensor/buffer.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

namespace {

struct Case {
  int in, out, padding, extra, height, width, batch;
};

template <class T>
struct Results {
  std::vector<T> y, dx, dw, db;
  bool intact = true;
};

/// One problem: x, weights and gradients, and the results by definition in double.
template <int K, int S, class T>
class Problem {
 public:
  explicit Problem(const Case& c, Layout layout)
      : p{c.batch, size(c.height, c), size(c.width, c), c.out, c.height, c.width, c.in, K,
          S,       c.padding},
        layout_(layout),
        x(c.batch, c.height, c.width, c.in, layout, 1),
        dy(c.batch, p.in_height, p.in_width, c.out, layout, 2) {
    RandomStream random(Seed{3}, 0);
    w.resize(static_cast<std::size_t>(K * K * c.in * c.out));
    b.resize(static_cast<std::size_t>(c.out));
    for (T& v : w) v = static_cast<T>(random.normal());
    for (T& v : b) v = static_cast<T>(random.normal());
  }

  Results<T> run(int threads, bool with_bias, bool wanted = true) {
    Field<T> y(p.batch, p.in_height, p.in_width, p.in_channels, layout_, 4);
    Field<T> dx(p.batch, p.out_height, p.out_width, p.out_channels, layout_, 5);
    Results<T> r;
    r.dw.assign(w.size(), T(1));
    r.db.assign(b.size(), T(2));
    const Context<Cpu> context{threads};
    Buffer<std::byte> forward(conv_transpose2d_forward_workspace<T>(p));
    Buffer<std::byte> backward(conv_transpose2d_backward_workspace<T>(p));
    conv_transpose2d_forward<K, S, T>(context, p, x, w.data(), with_bias ? b.data() : nullptr,
                                      y.view(), forward.data());
    conv_transpose2d_backward_input<K, S, T>(context, p, dy, w.data(), dx.view(), backward.data());
    conv_transpose2d_backward_weight<K, S, T>(context, p, x, dy, wanted ? r.dw.data() : nullptr,
                                              with_bias && wanted ? r.db.data() : nullptr,
                                              backward.data());
    r.intact = y.intact() && dx.intact();
    r.y = y.memory();
    r.dx = dx.memory();
    check(y, dx, r, with_bias, wanted);
    return r;
  }

  Conv2dProblem p;

 private:
  static int size(int n, const Case& c) { return (n - 1) * S - 2 * c.padding + K + c.extra; }

  void check(Field<T>& y, Field<T>& dx, const Results<T>& r, bool with_bias, bool wanted) {
    const auto pixels = static_cast<std::size_t>(p.batch * p.in_height * p.in_width);
    const auto out = static_cast<std::size_t>(p.in_channels);
    const auto in = static_cast<std::size_t>(p.out_channels);
    std::vector<double> ey(pixels * out), edw(w.size(), 1.0), edb(out, 2.0);
    for (std::size_t q = 0; q < pixels; ++q)
      for (std::size_t o = 0; o < out; ++o) {
        ey[q * out + o] = with_bias ? static_cast<double>(b[o]) : 0;
        edb[o] += static_cast<double>(dy.at(static_cast<std::ptrdiff_t>(q), static_cast<int>(o)));
      }
    bool good = true;
    for (int n = 0; n < p.batch; ++n)
      for (int a = 0; a < p.out_height; ++a)
        for (int c = 0; c < p.out_width; ++c) {
          const std::ptrdiff_t from = (n * p.out_height + a) * p.out_width + c;
          std::vector<double> edx(in);
          for (int u = 0; u < K; ++u)
            for (int v = 0; v < K; ++v) {
              const int h = a * S - p.padding + u, k = c * S - p.padding + v;
              if (h < 0 || k < 0 || h >= p.in_height || k >= p.in_width) continue;
              const std::ptrdiff_t to = (n * p.in_height + h) * p.in_width + k;
              for (std::size_t o = 0; o < out; ++o) {
                const auto g = static_cast<double>(dy.at(to, static_cast<int>(o)));
                const std::size_t row = (static_cast<std::size_t>(u * K + v) * out + o) * in;
                for (std::size_t i = 0; i < in; ++i) {
                  const auto xi = static_cast<double>(x.at(from, static_cast<int>(i)));
                  ey[static_cast<std::size_t>(to) * out + o] +=
                      xi * static_cast<double>(w[row + i]);
                  edx[i] += g * static_cast<double>(w[row + i]);
                  edw[row + i] += xi * g;
                }
              }
            }
          for (std::size_t i = 0; i < in; ++i) {
            const double units = 16 + K * K * static_cast<double>(out);
            good &= near(dx.at(from, static_cast<int>(i)), edx[i], units);
          }
        }
    CHECK_MESSAGE(good, "dx");
    const double of_y = 16 + K * K * static_cast<double>(in);
    const double of_w = 16 + static_cast<double>(x.view().pixels());
    good = true;
    for (std::size_t q = 0; q < pixels; ++q)
      for (std::size_t o = 0; o < out; ++o)
        good &=
            near(y.at(static_cast<std::ptrdiff_t>(q), static_cast<int>(o)), ey[q * out + o], of_y);
    CHECK_MESSAGE(good, "y");
    good = true;
    for (std::size_t i = 0; i < w.size(); ++i) good &= near(r.dw[i], wanted ? edw[i] : 1.0, of_w);
    CHECK_MESSAGE(good, "dw");
    good = true;
    for (std::size_t o = 0; o < out; ++o)
      good &= near(r.db[o], with_bias && wanted ? edb[o] : 2.0, 16 + static_cast<double>(pixels));
    CHECK_MESSAGE(good, "db");
  }

  Layout layout_;
  Field<T> x, dy;
  std::vector<T> w, b;
};

template <int K, int S, class T>
void check(const std::vector<Case>& cases, bool products, bool forward_products) {
  for (const Case& c : cases)
    for (const Layout layout : layouts) {
      INFO("K ", K, " S ", S, " in ", c.in, " out ", c.out, " padding ", c.padding, " size ",
           c.height, "x", c.width, " batch ", c.batch, " layout ", static_cast<int>(layout));
      Problem<K, S, T> problem(c, layout);
      CHECK(cpu::products_pay(problem.p) == products);
      CHECK(cpu::forward_products_pay(problem.p) == forward_products);
      const Results<T> one = problem.run(1, true);
      CHECK(one.intact);
      for (const int threads : {2, 3}) {
        const Results<T> more = problem.run(threads, true);
        CHECK((same_bits(one.y, more.y) && same_bits(one.dx, more.dx)));
        CHECK((same_bits(one.dw, more.dw) && same_bits(one.db, more.db)));
      }
      problem.run(1, false);
      problem.run(1, true, false);
    }
}

}  // namespace

TEST_CASE_TEMPLATE("conv_transpose2d: tiles", T, float, double) {
  check<4, 2, T>({{3, 5, 1, 0, 5, 7, 2}, {17, 33, 1, 0, 3, 4, 3}, {16, 3, 1, 0, 9, 8, 1}}, false,
                 false);
  check<3, 1, T>({{4, 18, 1, 0, 6, 5, 2}, {33, 2, 0, 0, 9, 11, 1}}, false, false);
  check<3, 2, T>({{7, 16, 1, 1, 4, 5, 2}, {3, 1, 0, 0, 5, 3, 3}}, false, false);
  check<5, 3, T>({{5, 6, 2, 2, 3, 4, 2}}, false, false);
  check<1, 1, T>({{5, 4, 0, 0, 4, 5, 2}}, false, false);
  check<1, 2, T>({{5, 4, 0, 0, 4, 3, 2}, {3, 18, 0, 1, 3, 3, 1}}, false,
                 false);  // gaps: the bias alone
  check<2, 3, T>({{5, 4, 1, 2, 4, 3, 2}}, false, false);
}

TEST_CASE_TEMPLATE("conv_transpose2d: products", T, float, double) {
  check<4, 1, T>({{70, 33, 0, 0, 1, 1, 1}, {70, 33, 0, 0, 1, 1, 4}}, true, true);
  check<4, 2, T>({{70, 33, 1, 0, 1, 1, 3},  // four of 16 taps are used
                  {70, 33, 1, 0, 1, 3, 1},  // 8 of them
                  {70, 33, 1, 0, 3, 1, 1},
                  {70, 33, 1, 0, 2, 2, 1},
                  {70, 33, 3, 1, 2, 2, 1}},
                 true, true);
  check<5, 3, T>({{37, 41, 2, 2, 1, 2, 2}, {37, 41, 3, 0, 2, 2, 1}}, true, true);
  check<1, 2, T>({{130, 140, 0, 1, 1, 2, 1}}, true, true);
}

TEST_CASE_TEMPLATE("conv_transpose2d: forward by products, weights by tiles", T, float, double) {
  check<3, 1, T>({{33, 2, 0, 0, 3, 3, 1}, {5, 18, 0, 0, 4, 7, 2}}, false, true);
  check<4, 1, T>({{17, 35, 0, 0, 6, 5, 2}, {3, 4, 1, 0, 5, 4, 3}}, false, true);
  check<5, 3, T>({{6, 17, 0, 1, 2, 5, 1}}, false, true);
}

TEST_CASE("conv_transpose2d: what lies in unused workspace and in dx before changes nothing") {
  const Conv2dProblem p{2, 6, 6, 17, 3, 3, 20, 4, 2, 1};
  Field<float> x(2, 3, 3, 20), dy(2, 6, 6, 17), y(2, 6, 6, 17), z(2, 6, 6, 17);
  std::vector<float> w(16 * 17 * 20, 0.5f), b(17, 1.0f);
  Buffer<std::byte> workspace(conv_transpose2d_forward_workspace<float>(p));
  const Context<Cpu> context{1};
  std::fill(workspace.begin(), workspace.end(), std::byte{0xFF});  // NaN
  y.fill(std::nanf(""));
  conv_transpose2d_forward<4, 2, float>(context, p, x, w.data(), b.data(), y.view(),
                                        workspace.data());
  conv_transpose2d_forward<4, 2, float>(context, p, x, w.data(), b.data(), z.view(),
                                        workspace.data());
  CHECK(same_bits(y.memory(), z.memory()));
  for (std::ptrdiff_t q = 0; q < y.view().pixels(); ++q)
    for (int o = 0; o < 17; ++o) CHECK(std::isfinite(y.at(q, o)));
}
