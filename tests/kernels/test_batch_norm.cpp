// SPDX-License-Identifier: BSD-3-Clause
// Batch normalisation against a scalar twin in long double, all layouts, modes and thread counts.
#include <doctest/doctest.h>

#include <tessera/kernels/cpu/batch_norm.hpp>

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
  BatchNormState<T> state() {
    return {gamma.data(), beta.data(), mean.data(), var.data(), eps, momentum};
  }
};
}  // namespace

TEST_CASE_TEMPLATE("batch_norm: training and evaluation against the twin", T, float, double) {
  const Context<Cpu> one{};
  for (Layout layout : layouts)
    for (int c : {1, 3, 15, 16, 17, 33, 130, 200}) {
      const int n = 3, h = 11, w = 7;
      Field<T> x(n, h, w, c, layout, 1, 0.5), y(n, h, w, c, layout, 2), dx(n, h, w, c, layout, 3);
      Field<T> dy(n, h, w, c, Layout::slice, 4, 0.1);
      Layer<T> layer(n, {h, w, c});
      batch_norm_training(one, layer.state(), x, y.view(), layer.saved.data(),
                          layer.workspace.data());
      batch_norm_training_backward(one, layer.state(), x, dy, layer.saved.data(), dx.view(),
                                   layer.dgamma.data(), layer.dbeta.data(),
                                   layer.workspace.data());
      Field<T> ye(n, h, w, c, layout, 5), dxe(n, h, w, c, layout, 6);
      Layer<T> fixed = layer;
      batch_norm_evaluation(one, fixed.state(), x, ye.view(), fixed.workspace.data());
      batch_norm_evaluation_backward(one, fixed.state(), x, dy, dxe.view(), fixed.dgamma.data(),
                                     fixed.dbeta.data(), fixed.workspace.data());
      for (int k = 0; k < c; ++k) {
        const auto i = static_cast<std::size_t>(k);
        Twin<T> t(x, dy, k);
        const long double g = layer.gamma[i], b = layer.beta[i];
        CHECK(near(layer.saved[i], static_cast<double>(t.mean), 4));
        CHECK(near(layer.mean[i], static_cast<double>(momentum * t.mean), 4));
        CHECK(near(layer.var[i],
                   static_cast<double>(1 - momentum + momentum * t.var * t.n / (t.n - 1)), 8));
        CHECK(near(layer.dbeta[i], static_cast<double>(3 + t.dy_sum), 64));
        CHECK(near(layer.dgamma[i], static_cast<double>(2 + t.dy_xhat), 64));
        for (std::ptrdiff_t p = 0; p < x.view().pixels(); ++p) {
          const long double xhat = (x.at(p, k) - t.mean) * t.r;
          CHECK(near(y.at(p, k), static_cast<double>(g * xhat + b), 64));
          CHECK(near(dx.at(p, k), static_cast<double>(
              g * t.r * (dy.at(p, k) - t.dy_sum / t.n - xhat * t.dy_xhat / t.n)), 64));
        }
        t.mean = layer.mean[i], t.var = layer.var[i];
        t.statistics(x, dy, k);
        CHECK(near(fixed.dbeta[i], static_cast<double>(layer.dbeta[i] + t.dy_sum), 64));
        CHECK(near(fixed.dgamma[i], static_cast<double>(layer.dgamma[i] + t.dy_xhat), 64));
        for (std::ptrdiff_t p = 0; p < x.view().pixels(); ++p) {
          CHECK(near(ye.at(p, k), static_cast<double>(g * (x.at(p, k) - t.mean) * t.r + b), 64));
          CHECK(near(dxe.at(p, k), static_cast<double>(g * t.r * dy.at(p, k)), 64));
        }
      }
      CHECK((y.intact() && dx.intact() && ye.intact() && dxe.intact()));
    }
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
