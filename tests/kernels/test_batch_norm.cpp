// SPDX-License-Identifier: BSD-3-Clause
// Batch normalisation against a scalar twin in long double, all layouts, modes and thread counts,
// alone and with the activation behind it.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/batch_norm.hpp>
#include <tessera/kernels/pointwise.hpp>
#include <tessera/kernels/functions.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

namespace {
const double eps = 1e-3, momentum = 0.25;

template <class T>
struct Twin {  // statistics and gradients of one channel
  long double mean = 0, var = 0, dy_sum = 0, dy_xhat = 0, r = 0, n = 0;
  Twin(Field<T>& x, Field<T>& dy, int c) {
    n = static_cast<long double>(x.view().pixels());
    const auto pixels = x.view().pixels();
    for (std::ptrdiff_t p = 0; p < pixels; ++p) mean += x.at(p, c) / n;
    for (std::ptrdiff_t p = 0; p < pixels; ++p) {
      const long double d = x.at(p, c) - mean;
      var += d * d / n;
    }
    statistics(x, dy, c);
  }
  void statistics(Field<T>& x, Field<T>& dy, int c) {  // sums for the current mean and var
    r = 1 / std::sqrt(var + static_cast<long double>(eps));
    dy_sum = dy_xhat = 0;
    for (std::ptrdiff_t p = 0; p < x.view().pixels(); ++p) {
      dy_sum += dy.at(p, c);
      dy_xhat += dy.at(p, c) * (x.at(p, c) - mean) * r;
    }
  }
};

template <class T>
struct Layer {
  std::vector<T> gamma, beta, mean, var, saved, dgamma, dbeta;
  std::vector<std::byte> workspace;
  Layer(int batch, const Shape& s)
      : gamma(static_cast<std::size_t>(s.channels)),
        beta(gamma), mean(gamma), var(gamma.size(), T(1)), saved(2 * gamma.size()),
        dgamma(gamma.size(), T(2)), dbeta(gamma.size(), T(3)),
        workspace(batch_norm_workspace<T>(batch, s)) {
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      gamma[c] = static_cast<T>(0.5 + 0.1 * static_cast<double>(c));
      beta[c] = static_cast<T>(1 - 0.2 * static_cast<double>(c));
    }
  }
  BatchNormState<T> state(double slope = -1) {
    return {gamma.data(), beta.data(), mean.data(), var.data(), eps, momentum, slope};
  }
};

/// The activation at v, and dy before it, told by y behind it. A slope below 0 is none.
template <class T>
long double activated(double slope, long double v) {
  return v > 0 || slope < 0 ? v : static_cast<T>(slope) * v;
}
template <class T>
Field<T> before(double slope, Field<T> dy, Field<T>& y) {
  for (std::ptrdiff_t p = 0; p < y.view().pixels(); ++p)
    for (int c = 0; c < y.view().channels; ++c)
      if (slope >= 0 && !(y.at(p, c) > 0)) dy.at(p, c) *= static_cast<T>(slope);
  return dy;
}

template <class T>
void check_against_twin(double slope) {
  const Context<Cpu> one{};
  for (Layout layout : layouts)
    for (int c : {1, 3, 15, 16, 17, 33, 130, 200}) {
      const int n = 3, h = 11, w = 7;
      Field<T> x(n, h, w, c, layout, 1, 0.5), y(n, h, w, c, layout, 2), dx(n, h, w, c, layout, 3);
      Field<T> dy(n, h, w, c, Layout::slice, 4, 0.1);
      Layer<T> layer(n, {h, w, c});
      batch_norm_training(one, layer.state(slope), x, y.view(), layer.saved.data(),
                          layer.workspace.data());
      batch_norm_training_backward(one, layer.state(slope), x, dy, layer.saved.data(), dx.view(),
                                   layer.dgamma.data(), layer.dbeta.data(),
                                   layer.workspace.data());
      Field<T> ye(n, h, w, c, layout, 5), dxe(n, h, w, c, layout, 6);
      Layer<T> fixed = layer;
      batch_norm_evaluation(one, fixed.state(slope), x, ye.view(), fixed.workspace.data());
      batch_norm_evaluation_backward(one, fixed.state(slope), x, dy, dxe.view(),
                                     fixed.dgamma.data(), fixed.dbeta.data(),
                                     fixed.workspace.data());
      Field<T> g1 = before(slope, dy, y), g2 = before(slope, dy, ye);
      for (int k = 0; k < c; ++k) {
        const auto i = static_cast<std::size_t>(k);
        Twin<T> t(x, g1, k);
        const long double g = layer.gamma[i], b = layer.beta[i];
        CHECK(near(layer.saved[i], static_cast<double>(t.mean), 4));
        CHECK(near(layer.mean[i], static_cast<double>(momentum * t.mean), 4));
        CHECK(near(layer.var[i],
                   static_cast<double>(1 - momentum + momentum * t.var * t.n / (t.n - 1)), 8));
        CHECK(near(layer.dbeta[i], static_cast<double>(3 + t.dy_sum), 64));
        CHECK(near(layer.dgamma[i], static_cast<double>(2 + t.dy_xhat), 64));
        for (std::ptrdiff_t p = 0; p < x.view().pixels(); ++p) {
          const long double xhat = (x.at(p, k) - t.mean) * t.r;
          CHECK(near(y.at(p, k), static_cast<double>(activated<T>(slope, g * xhat + b)), 64));
          CHECK(near(dx.at(p, k), static_cast<double>(
              g * t.r * (g1.at(p, k) - t.dy_sum / t.n - xhat * t.dy_xhat / t.n)), 64));
        }
        t.mean = layer.mean[i], t.var = layer.var[i];
        t.statistics(x, g2, k);
        CHECK(near(fixed.dbeta[i], static_cast<double>(layer.dbeta[i] + t.dy_sum), 64));
        CHECK(near(fixed.dgamma[i], static_cast<double>(layer.dgamma[i] + t.dy_xhat), 64));
        for (std::ptrdiff_t p = 0; p < x.view().pixels(); ++p) {
          const long double v = g * (x.at(p, k) - t.mean) * t.r + b;
          CHECK(near(ye.at(p, k), static_cast<double>(activated<T>(slope, v)), 64));
          CHECK(near(dxe.at(p, k), static_cast<double>(g * t.r * g2.at(p, k)), 64));
        }
      }
      CHECK((y.intact() && dx.intact() && ye.intact() && dxe.intact()));
    }
}
}  // namespace

TEST_CASE_TEMPLATE("batch_norm: training and evaluation against the twin", T, float, double) {
  for (const double slope : {-1.0, 0.0, 0.2}) check_against_twin<T>(slope);
}

TEST_CASE("batch_norm: float keeps its precision under a large mean") {
  Field<float> x(20, 16, 16, 5, Layout::contiguous, 9, 1e4), dy(20, 16, 16, 5);
  Field<float> y(20, 16, 16, 5);
  Layer<float> layer(20, {16, 16, 5});
  batch_norm_training(Context<Cpu>{}, layer.state(), x, y.view(), layer.saved.data(),
                      layer.workspace.data());
  for (int c = 0; c < 5; ++c) {
    const Twin<float> t(x, dy, c);
    const float invstd = layer.saved[static_cast<std::size_t>(5 + c)];
    CHECK(invstd == doctest::Approx(static_cast<double>(t.r)).epsilon(1e-6));
  }
}

TEST_CASE_TEMPLATE("batch_norm: in place, no parameters, nothing wanted", T, float, double) {
  const Context<Cpu> one{};
  Field<T> x(2, 5, 5, 19, Layout::slice), y(2, 5, 5, 19, Layout::slice), z = x;
  Layer<T> layer(2, {5, 5, 19});
  BatchNormState<T> bare{nullptr, nullptr, nullptr, nullptr, eps, momentum};
  batch_norm_training(one, bare, x, y.view(), layer.saved.data(), layer.workspace.data());
  batch_norm_training(one, bare, z, z.view(), layer.saved.data(), layer.workspace.data());
  CHECK(same_bits(y.memory(), z.memory()));
  CHECK(layer.mean[0] == T(0));
  Field<T> dy(2, 5, 5, 19, Layout::slice, 7), dx(2, 5, 5, 19, Layout::slice, 7);
  batch_norm_training_backward(one, bare, x, dy, layer.saved.data(), dx.view(), nullptr, nullptr,
                               layer.workspace.data());
  batch_norm_training_backward(one, bare, x, dy, layer.saved.data(), dy.view(), nullptr, nullptr,
                               layer.workspace.data());
  CHECK(same_bits(dx.memory(), dy.memory()));
  batch_norm_training_backward(one, bare, x, dy, layer.saved.data(), View<T>{},
                               layer.dgamma.data(), nullptr, layer.workspace.data());
  CHECK((layer.dgamma[0] != T(2) && layer.dbeta[0] == T(3)));
  batch_norm_evaluation_backward(one, layer.state(), x, dy, View<T>{}, nullptr, nullptr,
                                 layer.workspace.data());
  Field<T> single(1, 1, 1, 3), out(1, 1, 1, 3);  // one value per channel stays finite
  Layer<T> small(1, {1, 1, 3});
  batch_norm_training(one, small.state(), single, out.view(), small.saved.data(),
                      small.workspace.data());
  CHECK((std::isfinite(small.var[0]) && near(out.at(0, 0), double(small.beta[0]))));
}

TEST_CASE_TEMPLATE("batch_norm: any number of threads gives the same bits", T, float, double) {
  Field<T> x(5, 31, 29, 33, Layout::slice), dy(5, 31, 29, 33, Layout::contiguous, 2);
  std::vector<T> y1, dx1;
  Layer<T> first(5, {31, 29, 33});
  for (int threads : thread_counts) {
    Field<T> y(5, 31, 29, 33), dx(5, 31, 29, 33);
    Layer<T> layer(5, {31, 29, 33});
    batch_norm_training(Context<Cpu>{threads}, layer.state(), x, y.view(), layer.saved.data(),
                        layer.workspace.data());
    batch_norm_training_backward(Context<Cpu>{threads}, layer.state(), x, dy, layer.saved.data(),
                                 dx.view(), layer.dgamma.data(), layer.dbeta.data(),
                                 layer.workspace.data());
    if (threads == 1) y1 = y.memory(), dx1 = dx.memory(), first = layer;
    CHECK((same_bits(y1, y.memory()) && same_bits(dx1, dx.memory())));
    CHECK((same_bits(first.saved, layer.saved) && same_bits(first.var, layer.var)));
    CHECK((same_bits(first.dgamma, layer.dgamma) && same_bits(first.dbeta, layer.dbeta)));
  }
}

namespace {
struct Slope {
  double value;
};

/// The norm with the activation f of this slope in it, beside the norm and f one after the other.
template <class T, class F>
void check_fused(const F& f, double slope, Layout layout, int c, bool bare, T first) {
  const Context<Cpu> one{};
  Field<T> x(2, 9, 7, c, layout, 1, 0.5);
  x.at(3, 0) = first;
  for (const bool training : {true, false}) {
    Field<T> y(2, 9, 7, c, layout, 2), g(2, 9, 7, c, layout, 3), y2 = y, g2 = g;
    Layer<T> a(2, {9, 7, c}), b = a;
    if (first == 0) a.gamma[0] = b.gamma[0] = a.beta[0] = b.beta[0] = 0;  // y = 0
    const auto forward = [&](Layer<T>& l, BatchNormState<T> state, View<T> to) {
      if (bare) state.gamma = state.beta = nullptr;
      if (training)
        batch_norm_training(one, state, x, to, l.saved.data(), l.workspace.data());
      else batch_norm_evaluation(one, state, x, to, l.workspace.data());
    };
    const auto backward = [&](Layer<T>& l, BatchNormState<T> state, View<T> to) {
      if (bare) state.gamma = state.beta = nullptr;
      if (training)
        batch_norm_training_backward(one, state, x, to, l.saved.data(), to, l.dgamma.data(),
                                     l.dbeta.data(), l.workspace.data());
      else
        batch_norm_evaluation_backward(one, state, x, to, to, l.dgamma.data(), l.dbeta.data(),
                                       l.workspace.data());
    };
    forward(a, a.state(slope), y);
    backward(a, a.state(slope), g);
    forward(b, b.state(), y2);
    pointwise_forward(one, f, y2, y2.view());
    pointwise_backward(one, f, View<const T>{}, y2, g2, g2.view());
    backward(b, b.state(), g2);
    CHECK((same_bits(y.memory(), y2.memory()) && same_bits(g.memory(), g2.memory())));
    CHECK((same_bits(a.dgamma, b.dgamma) && same_bits(a.dbeta, b.dbeta)));
    CHECK((same_bits(a.mean, b.mean) && same_bits(a.var, b.var)));
  }
}
}  // namespace

TEST_CASE_TEMPLATE("batch_norm: an activation in it gives the bits of one behind it", T, float,
                   double) {
  const T inf = std::numeric_limits<T>::infinity();
  for (Layout layout : layouts)
    for (int c : channel_counts)
      for (const bool bare : {false, true})
        for (const T first : {T(1), T(0), inf, -inf, std::numeric_limits<T>::quiet_NaN()}) {
          check_fused<T>(Relu{}, 0, layout, c, bare, first);
          check_fused<T>(LeakyRelu<Slope{0.2}>{}, 0.2, layout, c, bare, first);
          check_fused<T>(LeakyRelu<Slope{3}>{}, 3, layout, c, bare, first);
        }
}
