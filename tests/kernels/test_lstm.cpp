// SPDX-License-Identifier: BSD-3-Clause
// One LSTM layer against plain loops forward and central differences backward; threads, sums that
// are not wanted, time-major copies.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <tessera/kernels/lstm.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

namespace {

/// A layer with all of its arrays.
template <class T>
struct Layer {
  LstmProblem p;
  std::vector<T> x, dy, dx, gates, cells, y;
  std::vector<T> weight[2][4], gradient[2][4];

  explicit Layer(const LstmProblem& problem) : p(problem) {
    RandomStream random(Seed{11}, 0);
    const auto fill = [&](std::vector<T>& v, std::ptrdiff_t n, double scale) {
      v.resize(static_cast<std::size_t>(n));
      for (T& e : v) e = static_cast<T>(scale * random.normal());
    };
    fill(x, p.rows() * p.inputs, 1), fill(dy, p.rows() * p.outputs(), 1);
    dx.resize(x.size()), y.resize(dy.size());
    gates.resize(4 * y.size()), cells.resize(y.size());
    for (int d = 0; d < p.directions; ++d) {
      fill(weight[d][0], 4 * p.hidden * p.inputs, 0.4), fill(weight[d][2], 4 * p.hidden, 0.3);
      fill(weight[d][1], 4 * p.hidden * p.hidden, 0.4), fill(weight[d][3], 4 * p.hidden, 0.3);
      for (int k = 0; k < 4; ++k) gradient[d][k].assign(weight[d][k].size(), T(1));
    }
  }
  LstmState<T> state() { return {gates.data(), cells.data(), y.data()}; }
  void run(int threads, bool backward, bool all = true) {
    const Context<Cpu> context{threads};
    std::vector<double> scratch(
        (lstm_forward_workspace<T>(p) + lstm_backward_workspace<T>(p)) / sizeof(double) + 16);
    auto* workspace = reinterpret_cast<std::byte*>(scratch.data());
    LstmWeights<const T> w[2];
    LstmWeights<T> g[2];
    for (int d = 0; d < p.directions; ++d) {
      w[d] = {weight[d][0].data(), weight[d][1].data(), weight[d][2].data(), weight[d][3].data()};
      if (all)
        g[d] = {gradient[d][0].data(), gradient[d][1].data(), gradient[d][2].data(),
                gradient[d][3].data()};
    }
    lstm_forward<T>(context, p, w, x.data(), state(), workspace);
    if (backward)
      lstm_backward<T>(context, p, w, x.data(), state(), dy.data(), dx.data(), g, workspace);
  }
  /// y by the formula.
  std::vector<double> twin() const {
    const auto at = [](std::ptrdiff_t i) { return static_cast<std::size_t>(i); };
    std::vector<double> out(y.size());
    for (int d = 0; d < p.directions; ++d)
      for (std::ptrdiff_t s = 0; s < p.sequences; ++s) {
        std::vector<double> h(at(p.hidden)), c(h), z(at(4 * p.hidden));
        for (std::ptrdiff_t i = 0; i < p.steps; ++i) {
          const std::ptrdiff_t row = (d ? p.steps - 1 - i : i) * p.sequences + s;
          for (std::ptrdiff_t j = 0; j < 4 * p.hidden; ++j) {
            double sum = double{weight[d][2][at(j)]} + double{weight[d][3][at(j)]};
            for (std::ptrdiff_t k = 0; k < p.inputs; ++k)
              sum += double{weight[d][0][at(j * p.inputs + k)]} * double{x[at(row * p.inputs + k)]};
            for (std::ptrdiff_t k = 0; k < p.hidden; ++k)
              sum += double{weight[d][1][at(j * p.hidden + k)]} * h[at(k)];
            z[at(j)] = sum;
          }
          const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
          for (std::ptrdiff_t j = 0; j < p.hidden; ++j) {
            const auto u = at(j), H = at(p.hidden);
            c[u] = sigmoid(z[H + u]) * c[u] + sigmoid(z[u]) * std::tanh(z[2 * H + u]);
            h[u] = sigmoid(z[3 * H + u]) * std::tanh(c[u]);
            out[at(row * p.outputs() + d * p.hidden + j)] = h[u];
          }
        }
      }
    return out;
  }
  double loss() {
    run(1, false);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += double{y[i]} * double{dy[i]};
    return sum;
  }
};

const LstmProblem problems[]{{1, 1, 1, 1, 1},   {3, 5, 4, 3, 2},  {7, 2, 3, 16, 1},
                             {13, 3, 5, 17, 2}, {6, 4, 9, 33, 2}, {2, 3, 3, 65, 1}};

}  // namespace

TEST_CASE_TEMPLATE("lstm: forward equals plain loops", T, float, double) {
  for (const LstmProblem& p : problems) {
    Layer<T> layer(p);
    layer.run(1, false);
    const auto expected = layer.twin();
    int wrong = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) wrong += !near(layer.y[i], expected[i], 64);
    CHECK(wrong == 0);
  }
}

TEST_CASE("lstm: gradients equal differences and are added") {
  for (const LstmProblem& p : problems) {
    Layer<double> layer(p);
    layer.run(1, true);
    const auto dx = layer.dx;
    int wrong = 0;
    const auto compare = [&](double& parameter, double gradient) {
      const double kept = parameter, step = 1e-5;
      parameter = kept + step;
      const double above = layer.loss();
      parameter = kept - step;
      const double below = layer.loss();
      parameter = kept;
      wrong += std::abs((above - below) / (2 * step) - gradient) > 1e-6;
    };
    for (std::size_t i = 0; i < dx.size(); i += 1 + dx.size() / 40) compare(layer.x[i], dx[i]);
    for (int d = 0; d < p.directions; ++d)
      for (int k = 0; k < 4; ++k) {
        const auto gradient = layer.gradient[d][k];
        for (std::size_t i = 0; i < gradient.size(); i += 1 + gradient.size() / 40)
          compare(layer.weight[d][k][i], gradient[i] - 1);
      }
    CHECK(wrong == 0);
  }
}

TEST_CASE_TEMPLATE("lstm: the same bits with any threads, and without weight gradients", T, float,
                   double) {
  for (const LstmProblem& p : problems) {
    Layer<T> one(p);
    one.run(1, true);
    for (const int threads : thread_counts) {
      Layer<T> other(p), lean(p);
      other.run(threads, true);
      lean.run(threads, true, false);
      CHECK((same_bits(one.y, other.y) && same_bits(one.dx, other.dx)));
      CHECK((same_bits(one.y, lean.y) && same_bits(one.dx, lean.dx)));
      for (int d = 0; d < p.directions; ++d)
        for (int k = 0; k < 4; ++k) CHECK(same_bits(one.gradient[d][k], other.gradient[d][k]));
    }
  }
}

TEST_CASE_TEMPLATE("lstm: time-major copies of any layout", T, float, double) {
  for (const Layout layout : layouts) {
    Field<T> x(2, 3, 5, 7, layout, 1), back = x;
    std::vector<T> rows(2 * 3 * 5 * 7);
    to_time_major<T>(Context<Cpu>{2}, x, rows.data());
    int wrong = 0;
    for (int s = 0; s < 6; ++s)
      for (int t = 0; t < 5; ++t)
        for (int c = 0; c < 7; ++c)
          wrong += rows[static_cast<std::size_t>((t * 6 + s) * 7 + c)] != x.at(s * 5 + t, c);
    CHECK(wrong == 0);
    back.fill(T(0));
    from_time_major<T>(Context<Cpu>{2}, rows.data(), back.view());
    CHECK(same_bits(x.memory(), back.memory()));
  }
}
