// SPDX-License-Identifier: BSD-3-Clause
// Group and layer normalisation against one scalar twin in long double: all layouts, in place,
// groups of any size, several chunks, unwanted gradients, any number of threads.
#include <doctest/doctest.h>

#include <tessera/kernels/group_norm.hpp>
#include <tessera/kernels/layer_norm.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

namespace {

const double eps = 1e-3;
using Real = long double;

/// y, dx, dgamma and dbeta by the definition, over sets of elements: set(p, c) numbers them.
template <class T>
struct Twin {
  std::vector<Real> y, dx, dgamma, dbeta;

  template <class Set>
  Twin(Field<T>& x, Field<T>& dy, const T* gamma, const T* beta, std::ptrdiff_t sets,
       const Set& set) {
    const std::ptrdiff_t pixels = x.view().pixels(), channels = x.view().channels;
    const auto count = static_cast<std::size_t>(sets);
    std::vector<Real> n(count), mean(count), var(count), first(count), second(count);
    const auto each = [&](auto body) {
      for (std::ptrdiff_t p = 0; p < pixels; ++p)
        for (int c = 0; c < channels; ++c)
          body(p, c, static_cast<std::size_t>(set(p, c)), Real{gamma ? gamma[c] : T(1)});
    };
    each([&](auto p, auto c, auto s, Real) { n[s] += 1, mean[s] += x.at(p, c); });
    for (std::size_t s = 0; s < count; ++s) mean[s] /= n[s];
    each([&](auto p, auto c, auto s, Real) {
      const Real d = x.at(p, c) - mean[s];
      var[s] += d * d / n[s];
    });
    const auto xhat = [&](auto p, auto c, auto s) {
      return (x.at(p, c) - mean[s]) / std::sqrt(var[s] + static_cast<Real>(eps));
    };
    dgamma.assign(static_cast<std::size_t>(channels), 0);
    dbeta = dgamma;
    each([&](auto p, auto c, auto s, Real g) {
      y.push_back(xhat(p, c, s) * g + (beta ? beta[c] : T(0)));
      first[s] += g * dy.at(p, c) / n[s];
      second[s] += g * dy.at(p, c) * xhat(p, c, s) / n[s];
      dbeta[static_cast<std::size_t>(c)] += dy.at(p, c);
      dgamma[static_cast<std::size_t>(c)] += dy.at(p, c) * xhat(p, c, s);
    });
    each([&](auto p, auto c, auto s, Real g) {
      const Real centred = g * dy.at(p, c) - first[s] - xhat(p, c, s) * second[s];
      dx.push_back(centred / std::sqrt(var[s] + static_cast<Real>(eps)));
    });
  }
};

template <class T>
bool close(Field<T>& got, const std::vector<Real>& expected, double units = 64) {
  const auto v = got.view();
  for (std::ptrdiff_t p = 0; p < v.pixels(); ++p)
    for (int c = 0; c < v.channels; ++c) {
      const auto i = static_cast<std::size_t>(p * v.channels + c);
      if (!near(got.at(p, c), static_cast<double>(expected[i]), units)) return false;
    }
  return got.intact();
}
/// got = 2 + expected, to a few units of the sum's size.
template <class T>
bool close(const std::vector<T>& got, const std::vector<Real>& expected) {
  for (std::size_t c = 0; c < got.size(); ++c)
    if (!near(got[c] - T(2), static_cast<double>(expected[c]), 512)) return false;
  return true;
}

template <class T>
std::vector<T> numbers(int count, std::uint64_t seed) {
  RandomStream random(Seed{seed}, 9);
  std::vector<T> v(static_cast<std::size_t>(count));
  for (T& x : v) x = static_cast<T>(1 + 0.5 * random.normal());
  return v;
}

struct Case {
  int n, h, w, c, groups;
};
// Odd sizes; groups of one, some and all channels; 40x41: chunks of a sample; 130: column blocks.
constexpr Case cases[]{{1, 3, 5, 1, 1},   {3, 3, 5, 6, 2},    {2, 1, 2, 17, 17},  {3, 1, 1, 33, 3},
                       {1, 40, 41, 5, 1}, {2, 17, 9, 33, 33}, {2, 9, 11, 130, 13}};

template <class T>
void check_group_norm(const Case& k, Layout layout, bool affine, double mean) {
  Field<T> x(k.n, k.h, k.w, k.c, layout, 1, mean), y(k.n, k.h, k.w, k.c, Layout::slice, 2);
  Field<T> dy(k.n, k.h, k.w, k.c, Layout::slice, 3), dx(k.n, k.h, k.w, k.c, layout, 4);
  const auto gamma = numbers<T>(k.c, 1), beta = numbers<T>(k.c, 2);
  GroupNormState<T> state{k.groups, nullptr, nullptr, eps};
  if (affine) state.gamma = gamma.data(), state.beta = beta.data();
  const std::ptrdiff_t pixels = k.h * k.w, members = k.c / k.groups;
  Twin<T> twin(x, dy, state.gamma, state.beta, k.n * k.groups,
               [&](auto p, auto c) { return p / pixels * k.groups + c / members; });
  Buffer<T> saved(static_cast<std::size_t>(2 * k.n * k.groups));
  Buffer<std::byte> workspace(group_norm_workspace<T>(k.n, {k.h, k.w, k.c}));
  std::memset(workspace.data(), 0xFF, workspace.size());
  std::vector<T> dgamma(gamma.size(), T(2)), dbeta(gamma.size(), T(2));
  const Context<Cpu> one{};
  group_norm_forward(one, state, x, y.view(), saved.data(), workspace.data());
  const double units = mean != 0 ? 64 * std::fabs(mean) : 64;
  CHECK(close(y, twin.y, units));
  std::memset(workspace.data(), 0xFF, workspace.size());
  group_norm_backward(one, state, x, dy, saved.data(), dx.view(), dgamma.data(), dbeta.data(),
                      workspace.data());
  const double gain = 1 / std::sqrt(eps);  // of a single value, where the variance is 0
  CHECK(close(dx, twin.dx, units * (pixels * members == 1 ? gain : 4)));
  if (mean == 0) CHECK((close(dgamma, twin.dgamma) && close(dbeta, twin.dbeta)));
  // each gradient alone; over its source; y over x
  std::vector<T> again(gamma.size(), T(2));
  group_norm_backward(one, state, x, dy, saved.data(), View<T>{}, again.data(), nullptr,
                      workspace.data());
  CHECK(same_bits(again, dgamma));
  group_norm_backward(one, state, x, dy, saved.data(), dy.view(), nullptr, nullptr,
                      workspace.data());
  CHECK(close(dy, twin.dx, units * (pixels * members == 1 ? gain : 4)));
  group_norm_forward(one, state, x, x.view(), saved.data(), workspace.data());
  CHECK(close(x, twin.y, units));
}

template <class T>
void check_layer_norm(const Case& k, Layout layout, double mean) {
  Field<T> x(k.n, k.h, k.w, k.c, layout, 1, mean), y(k.n, k.h, k.w, k.c, Layout::slice, 2);
  Field<T> dy(k.n, k.h, k.w, k.c, Layout::slice, 3), dx(k.n, k.h, k.w, k.c, layout, 4);
  const auto gamma = numbers<T>(k.c, 1), beta = numbers<T>(k.c, 2);
  const LayerNormState<T> state{gamma.data(), beta.data(), eps};
  const std::ptrdiff_t pixels = k.n * k.h * k.w;
  Twin<T> twin(x, dy, gamma.data(), beta.data(), pixels, [](auto p, auto) { return p; });
  Buffer<T> saved(static_cast<std::size_t>(2 * pixels));
  Buffer<std::byte> workspace(layer_norm_workspace(k.n, {k.h, k.w, k.c}));
  std::memset(workspace.data(), 0xFF, workspace.size());
  std::vector<T> dgamma(gamma.size(), T(2)), dbeta(gamma.size(), T(2));
  const Context<Cpu> one{};
  const double gain = k.c == 1 ? 1 / std::sqrt(eps) : 16;  // few channels: small variances
  const double units = 64 * gain * std::fmax(1, std::fabs(mean));
  layer_norm_forward(one, state, x, y.view(), saved.data());
  CHECK(close(y, twin.y, units));
  layer_norm_backward(one, state, x, dy, saved.data(), dx.view(), dgamma.data(), dbeta.data(),
                      workspace.data());
  CHECK(close(dx, twin.dx, units * 8));
  if (mean == 0 && k.c > 1) CHECK((close(dgamma, twin.dgamma) && close(dbeta, twin.dbeta)));
  std::vector<T> again(gamma.size(), T(2));
  layer_norm_backward(one, state, x, dy, saved.data(), View<T>{}, nullptr, again.data(),
                      workspace.data());
  CHECK(same_bits(again, dbeta));
  layer_norm_backward(one, state, x, dy, saved.data(), dy.view(), again.data(), nullptr,
                      workspace.data());
  CHECK(close(dy, twin.dx, units * 8));
  layer_norm_forward(one, state, x, x.view(), saved.data());
  CHECK(close(x, twin.y, units));
}

}  // namespace

TEST_CASE_TEMPLATE("group_norm: the twin, affine and plain, in every layout", T, float, double) {
  for (const Case& k : cases)
    for (const Layout layout : layouts)
      for (const bool affine : {true, false}) {
        CAPTURE(k.c);
        CAPTURE(k.groups);
        CAPTURE(affine);
        check_group_norm<T>(k, layout, affine, 0);
      }
}

TEST_CASE_TEMPLATE("layer_norm: the twin, in every layout", T, float, double) {
  for (const Case& k : cases)
    for (const Layout layout : layouts) {
      CAPTURE(k.c);
      check_layer_norm<T>(k, layout, 0);
    }
}

TEST_CASE("a mean of a thousand deviations costs its share of digits, no more") {
  for (const int c : {3, 17}) {
    check_group_norm<float>({2, 19, 23, c, 1}, Layout::contiguous, true, 1000);
    check_group_norm<float>({2, 19, 23, c, c}, Layout::contiguous, false, -1000);
    check_layer_norm<float>({2, 5, 3, 16 * c + 1, 1}, Layout::contiguous, 1000);
  }
}

TEST_CASE("any number of threads gives the same bits; batch 1 is cut into tasks too") {
  for (const int batch : {1, 3}) {
    std::vector<float> first;
    for (const int threads : thread_counts) {
      std::vector<float> all;
      Field<float> x(batch, 40, 40, 36), dy(batch, 40, 40, 36, Layout::slice, 2);
      Field<float> y(batch, 40, 40, 36), dx(batch, 40, 40, 36);
      const auto gamma = numbers<float>(36, 1), beta = numbers<float>(36, 2);
      const Shape shape{40, 40, 36};
      Buffer<float> saved(static_cast<std::size_t>(2 * batch * 1600));
      Buffer<std::byte> workspace(
          std::max(group_norm_workspace<float>(batch, shape), layer_norm_workspace(batch, shape)));
      const Context<Cpu> context{threads};
      const auto keep = [&](const std::vector<float>& v) {
        all.insert(all.end(), v.begin(), v.end());
      };
      std::vector<float> dgamma(36), dbeta(36);
      const GroupNormState<float> group{4, gamma.data(), beta.data(), eps};
      group_norm_forward(context, group, x, y.view(), saved.data(), workspace.data());
      group_norm_backward(context, group, x, dy, saved.data(), dx.view(), dgamma.data(),
                          dbeta.data(), workspace.data());
      keep(y.memory()), keep(dx.memory());
      const LayerNormState<float> layer{gamma.data(), beta.data(), eps};
      layer_norm_forward(context, layer, x, y.view(), saved.data());
      layer_norm_backward(context, layer, x, dy, saved.data(), dx.view(), dgamma.data(),
                          dbeta.data(), workspace.data());
      keep(y.memory()), keep(dx.memory()), keep(dgamma), keep(dbeta);
      if (threads == 1) first = all;
      CHECK(same_bits(first, all));
    }
  }
  CHECK(1600 / group_norm_chunk(36) >= 2);
}
