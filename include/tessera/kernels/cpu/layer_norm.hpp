// SPDX-License-Identifier: BSD-3-Clause
// Layer normalisation on the CPU: a pixel's channels are summed in double, twice (mean, then
// squares about it); parameter gradients are summed per chunk of pixels and the chunks in double.
#pragma once
#include <array>
#include <cmath>

#include <tessera/kernels/cpu/column_sums.hpp>
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/layer_norm.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

/// saved[0] = mean, saved[1] = 1/sqrt(var + eps) of a row.
template <class T>
void layer_norm_statistics(const T* x, std::ptrdiff_t channels, double epsilon, T* saved) {
  using simd::Vector;
  const double n = static_cast<double>(channels);
  const std::ptrdiff_t whole = channels - channels % simd::width<double>;
  Vector<double> sums(0.0);
  double rest = 0;
  for (std::ptrdiff_t c = 0; c < whole; c += simd::width<double>) sums += simd::load_wide(x + c);
  for (std::ptrdiff_t c = whole; c < channels; ++c) rest += double{x[c]};
  const double mean = (simd::add_lanes(sums) + rest) / n;
  Vector<double> squares(0.0);
  rest = 0;
  for (std::ptrdiff_t c = 0; c < whole; c += simd::width<double>) {
    const Vector<double> d = simd::load_wide(x + c) - Vector<double>(mean);
    squares = simd::multiply_add(d, d, squares);
  }
  for (std::ptrdiff_t c = whole; c < channels; ++c) rest += (x[c] - mean) * (x[c] - mean);
  saved[0] = static_cast<T>(mean);
  saved[1] = static_cast<T>(1 / std::sqrt((simd::add_lanes(squares) + rest) / n + epsilon));
}

/// dx of a row.
template <class T>
void layer_norm_backward_row(const T* gamma, const T* x, const T* dy, std::ptrdiff_t channels,
                             const T* saved, T* dx) {
  using simd::Vector;
  const Vector<T> mean(saved[0]);
  Vector<double> sums(0.0), products(0.0);  // lanes behind the end are 0: gamma and dy are
  simd::for_each_vector<T>(channels, [&](auto lanes, std::ptrdiff_t c) {
    const Vector<T> g = lanes.load(gamma + c) * lanes.load(dy + c);
    simd::add_wide(sums, g);
    simd::add_wide(products, g * (lanes.load(x + c) - mean));
  });
  const double n = static_cast<double>(channels), r = saved[1];
  const Vector<T> scale(saved[1]), shift(static_cast<T>(r * simd::add_lanes(sums) / n));
  const Vector<T> slope(static_cast<T>(r * r * r * simd::add_lanes(products) / n));
  simd::for_each_vector<T>(channels, [&](auto lanes, std::ptrdiff_t c) {
    const Vector<T> g = lanes.load(gamma + c) * lanes.load(dy + c);
    const Vector<T> direct = simd::multiply_add(g, scale, -shift);
    lanes.store(dx + c, simd::multiply_add(mean - lanes.load(x + c), slope, direct));
  });
}

}  // namespace detail

template <class T>
inline void layer_norm_forward(const Context<Cpu>& context, const LayerNormState<T>& state,
                               std::type_identity_t<View<const T>> x, View<T> y,
                               std::type_identity_t<T>* saved) {
  const std::ptrdiff_t chunk = layer_norm_chunk(x.channels), channels = x.channels;
  for_each_range(context, x.pixels(), chunk, [&](std::ptrdiff_t p, std::ptrdiff_t last) {
    for (; p < last; ++p) {
      detail::layer_norm_statistics<T>(x.pixel(p), channels, state.epsilon, saved + 2 * p);
      const simd::Vector<T> mean(saved[2 * p]), invstd(saved[2 * p + 1]);
      simd::for_each_vector<T>(
          channels, [&, xp = x.pixel(p), yp = y.pixel(p)](auto lanes, std::ptrdiff_t c) {
            const auto normal = (lanes.load(xp + c) - mean) * invstd;
            lanes.store(yp + c, simd::multiply_add(normal, lanes.load(state.gamma + c),
                                                   lanes.load(state.beta + c)));
          });
    }
  });
}

template <class T>
inline void layer_norm_backward(const Context<Cpu>& context, const LayerNormState<T>& state,
                                std::type_identity_t<View<const T>> x,
                                std::type_identity_t<View<const T>> dy,
                                const std::type_identity_t<T>* saved, View<T> dx,
                                std::type_identity_t<T>* dgamma, std::type_identity_t<T>* dbeta,
                                std::byte* workspace) {
  const std::ptrdiff_t chunk = layer_norm_chunk(x.channels), channels = x.channels;
  double* const partial = reinterpret_cast<double*>(workspace);
  const bool parameters = dgamma || dbeta;
  if (!dx && !parameters) return;
  for_each_range(context, x.pixels(), chunk, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    // The parameters' sums come first: dx may lie over dy.
    for (std::ptrdiff_t c0 = 0; parameters && c0 < channels; c0 += column_block) {
      const std::ptrdiff_t count = std::min(column_block, channels - c0);
      ColumnSums<T, 2> sums;
      column_sums<T, 2>(first, last, count, sums, [&](auto lanes, auto p, auto c) {
        using V = simd::Vector<T>;
        const V g = lanes.load(dy.pixel(p) + c0 + c);
        const V normal = (lanes.load(x.pixel(p) + c0 + c) - V(saved[2 * p])) * V(saved[2 * p + 1]);
        return std::array{g, g * normal};
      });
      double* const out = partial + first / chunk * 2 * channels + c0;
      for (std::ptrdiff_t c = 0; c < count; ++c) {
        out[c] = sums[0][static_cast<std::size_t>(c)];
        out[channels + c] = sums[1][static_cast<std::size_t>(c)];
      }
    }
    for (std::ptrdiff_t p = first; dx && p < last; ++p)
      detail::layer_norm_backward_row<T>(state.gamma, x.pixel(p), dy.pixel(p), channels,
                                         saved + 2 * p, dx.pixel(p));
  });
  if (!parameters) return;
  const std::ptrdiff_t chunks = ceil_div(x.pixels(), chunk);
  for (std::ptrdiff_t c = 0; c < channels; ++c) {
    double sum = 0, product = 0;
    for (std::ptrdiff_t i = 0; i < chunks; ++i) {
      sum += partial[i * 2 * channels + c];
      product += partial[(i * 2 + 1) * channels + c];
    }
    if (dbeta) dbeta[c] += static_cast<T>(sum);
    if (dgamma) dgamma[c] += static_cast<T>(product);
  }
}

}  // namespace tessera::kernels
