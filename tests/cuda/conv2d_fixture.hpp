// SPDX-License-Identifier: BSD-3-Clause
// For tests of convolutions on the (emulated) GPU: the inputs of one case on both devices, with NaN
// wherever nothing may be read into a product, and the scalar twin's results.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include <tessera/kernels/cuda/conv2d.hpp>

#include "../kernels/conv2d_scalar.hpp"
#include "on_device.hpp"

namespace tessera::testing {

using kernels::Conv2dProblem;

/// One case of a table; `extra` elements lie between the pixels of x, y and their gradients.
struct ConvCase {
  int batch, height, width, in, out, padding;
  int groups = 0;       // mask groups of x; 0: none
  bool scaled = false;  // with a scale that has zeros
  int extra = 0;
};

inline Conv2dProblem problem_of(const ConvCase& c, int kernel, int stride) {
  const int h = (c.height + 2 * c.padding - kernel) / stride + 1;
  const int w = (c.width + 2 * c.padding - kernel) / stride + 1;
  return {c.batch, c.height, c.width, c.in, h, w, c.out, kernel, stride, c.padding};
}

/// `channels` in uneven groups.
inline MaskGroups uneven_groups(int count, int channels) {
  MaskGroups m;
  m.count = std::min(count, channels);
  for (int g = 0; g < m.count; ++g) {
    m.channels[g] = g + 1 == m.count ? channels : std::max(1, channels / 3);
    channels -= m.channels[g];
  }
  return m;
}

/// Largest |device - expected| in units of the largest expected magnitude (1 at least) over the
/// pixels of a view; infinite where either is NaN or an element between the pixels has changed.
template <class T>
double difference(const TwinView<T>& view, const std::vector<double>& expected) {
  const std::vector<T> got = view.numbers.read();
  const auto channels = static_cast<std::size_t>(view.shape.channels);
  const auto stride = static_cast<std::size_t>(view.shape.stride);
  double most = 1, worst = 0;
  for (const double e : expected) most = std::max(most, std::fabs(e));
  for (std::size_t i = 0; i < got.size(); ++i) {
    const bool between = i % stride >= channels;
    const double e = between ? static_cast<double>(view.numbers.host[i])
                             : expected[i / stride * channels + i % stride];
    const double d = std::fabs(static_cast<double>(got[i]) - e);
    worst = std::isfinite(d) && (!between || d == 0) ? std::max(worst, d) : INFINITY;
    if (!std::isfinite(worst)) return worst;
  }
  return worst / most;
}

template <class T>
struct ConvInputs {
  Conv2dProblem p;
  TwinView<T> x, dy, y, dx, weight, dweight, bias, dbias;
  Twin<std::uint8_t> mask;
  Twin<T> scales;
  MaskGroups groups;
  bool scaled;

  /// `rounded(v)` is applied to all inputs of products.
  template <class Rounded>
  ConvInputs(const Context<Cuda>& gpu, const ConvCase& c, int kernel, int stride,
             const Rounded& rounded)
      : p(problem_of(c, kernel, stride)),
        x(gpu, c.batch, c.height, c.width, c.in, c.extra, 1),
        dy(gpu, c.batch, p.out_height, p.out_width, c.out, c.extra, 2),
        y(gpu, c.batch, p.out_height, p.out_width, c.out, c.extra, 3),
        dx(gpu, c.batch, c.height, c.width, c.in, c.extra, 4),
        weight(gpu, 1, kernel * kernel, c.in, c.out, 0, 5),
        dweight(gpu, 1, kernel * kernel, c.in, c.out, 0, 6),
        bias(gpu, 1, 1, 1, c.out, 0, 7),
        dbias(gpu, 1, 1, 1, c.out, 0, 8),
        mask(gpu, std::vector<std::uint8_t>(static_cast<std::size_t>(
                      x.shape.pixels() * uneven_groups(std::max(c.groups, 1), c.in).count))),
        scales(gpu, std::vector<T>(static_cast<std::size_t>(dy.shape.pixels()), T(1))),
        groups(uneven_groups(c.groups, c.in)),
        scaled(c.scaled) {
    for (auto* view : {&x, &dy, &weight})
      for (T& v : view->numbers.host) v = rounded(v);
    const T nan = std::numeric_limits<T>::quiet_NaN();
    for (std::size_t i = 0; i < mask.host.size(); ++i) mask.host[i] = (i * 7 + i / 5) % 3 != 0;
    for (int n = 0; n < c.batch && c.groups > 0; ++n)
      for (int h = 0; h < c.height; ++h)
        for (int w = 0; w < c.width; ++w)
          for (int i = 0; i < c.in; ++i)
            if (!scalar::is_valid(valid(), n, h, w, i)) x.cpu()(n, h, w, i) = nan;
    for (std::size_t k = 0; scaled && k < scales.host.size(); ++k) {
      scales.host[k] = k % 4 == 1 ? T(0) : T(1) + static_cast<T>(k % 2);
      for (int o = 0; k % 4 == 1 && o < c.out; ++o)
        dy.cpu().pixel(static_cast<std::ptrdiff_t>(k))[o] = nan;
    }
    mask.upload();
    scales.upload();
    for (auto* view : {&x, &dy, &weight}) view->numbers.upload();
  }
  ConvInputs(const Context<Cuda>& gpu, const ConvCase& c, int kernel, int stride)
      : ConvInputs(gpu, c, kernel, stride, [](T v) { return v; }) {}

  ValidView valid() { return plane(mask.host.data()); }
  ValidView gpu_valid() { return plane(mask.device.data()); }
  const T* scale() { return scaled ? scales.host.data() : nullptr; }
  const T* gpu_scale() { return scaled ? scales.device.data() : nullptr; }
  const T* gpu_weight() { return weight.numbers.device.data(); }
  const T* gpu_bias() { return bias.numbers.device.data(); }

  std::vector<double> expected_y(bool with_bias) {
    return scalar::conv2d_forward<T>(p, x.cpu(), valid(), weight.numbers.host.data(),
                                     with_bias ? bias.numbers.host.data() : nullptr, scale());
  }
  std::vector<double> expected_dx() {
    return scalar::conv2d_backward_input<T>(p, dy.cpu(), valid(), weight.numbers.host.data(),
                                            scale());
  }
  /// Added to what is there `times` times.
  std::vector<double> expected_dweight(int times = 1) {
    return added(scalar::conv2d_backward_weight<T>(p, x.cpu(), valid(), dy.cpu(), scale()),
                 dweight.numbers.host, times);
  }
  std::vector<double> expected_dbias(int times = 1) {
    return added(scalar::conv2d_backward_bias<T>(p, dy.cpu(), scale()), dbias.numbers.host, times);
  }

 private:
  ValidView plane(const std::uint8_t* data) const {
    return {groups.count > 0 ? data : nullptr, p.batch, p.in_height, p.in_width, groups};
  }
  static std::vector<double> added(std::vector<double> sums, const std::vector<T>& to, int times) {
    for (std::size_t i = 0; i < sums.size(); ++i)
      sums[i] = times * sums[i] + static_cast<double>(to[i]);
    return sums;
  }
};

/// Rounding of sums, of a few hundred numbers, in T.
template <class T>
inline constexpr double tolerance = 64 * unit<T>;

/// All passes of one case through the contract's functions.
template <int K, int S, class T>
void check_passes(const Context<Cuda>& gpu, const ConvCase& c, T (*rounded)(T) = nullptr) {
  if (c.height + 2 * c.padding < K || c.width + 2 * c.padding < K || c.padding >= K) return;
  CAPTURE(K);
  CAPTURE(S);
  CAPTURE(c.height);
  CAPTURE(c.width);
  CAPTURE(c.in);
  CAPTURE(c.out);
  CAPTURE(c.padding);
  CAPTURE(c.groups);
  CAPTURE(c.scaled);
  CAPTURE(c.extra);
  ConvInputs<T> in(gpu, c, K, S, [&](T v) { return rounded ? rounded(v) : v; });
  for (const bool with_bias : {true, false}) {
    kernels::conv2d_forward<K, S, T>(gpu, in.p, in.x.gpu(), in.gpu_valid(), in.gpu_weight(),
                                     with_bias ? in.gpu_bias() : nullptr, in.gpu_scale(),
                                     in.y.gpu(), nullptr);
    CHECK(difference(in.y, in.expected_y(with_bias)) <= tolerance<T>);
  }
  const View<T> y = in.y.shape;
  const std::vector<T> got = in.y.numbers.read();
  for (std::ptrdiff_t k = 0; c.scaled && k < y.pixels(); k += 1)
    if (in.scales.host[static_cast<std::size_t>(k)] == T(0))
      for (int o = 0; o < c.out; ++o)
        CHECK(got[static_cast<std::size_t>(k * y.stride + o)] == T(0));

  kernels::conv2d_backward_input<K, S, T>(gpu, in.p, in.dy.gpu(), in.gpu_valid(), in.gpu_weight(),
                                          in.gpu_scale(), in.dx.gpu(), nullptr);
  CHECK(difference(in.dx, in.expected_dx()) <= tolerance<T>);

  const auto backward_weight = [&](T* dweight, T* dbias) {
    kernels::conv2d_backward_weight<K, S, T>(gpu, in.p, in.x.gpu(), in.gpu_valid(), in.dy.gpu(),
                                             in.gpu_scale(), dweight, dbias, nullptr);
  };
  T* const dweight = in.dweight.numbers.device.data();
  T* const dbias = in.dbias.numbers.device.data();
  backward_weight(dweight, dbias);
  CHECK(difference(in.dweight, in.expected_dweight()) <= tolerance<T>);
  CHECK(difference(in.dbias, in.expected_dbias()) <= tolerance<T>);
  backward_weight(dweight, nullptr);
  backward_weight(nullptr, dbias);
  backward_weight(nullptr, nullptr);
  CHECK(difference(in.dweight, in.expected_dweight(2)) <= tolerance<T>);
  CHECK(difference(in.dbias, in.expected_dbias(2)) <= tolerance<T>);
}

}  // namespace tessera::testing
