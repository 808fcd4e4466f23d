// SPDX-License-Identifier: BSD-3-Clause
// Batch normalisation on the CPU. Statistics come in two stages: chunks of pixels, cut by shape,
// are summed in T about their own mean (so float loses nothing to a large mean); the chunks are
// then combined in double, in order [chan1983]. The chunk is still in the cache for its second
// look.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>

#include <tessera/kernels/batch_norm.hpp>
#include <tessera/kernels/cpu/batch_norm_sweeps.hpp>
#include <tessera/kernels/cpu/column_sums.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

/// total[0] = mean, total[1] = biased variance per channel.
template <class T>
void batch_statistics(const Context<Cpu>& context, View<const T> x, const BatchNormScratch<T>& s) {
  for_each_chunk(context, s, [&](auto first, auto last, auto c0, auto channels, double* partial) {
    column_statistics(x, first, last, c0, channels, partial, partial + s.channels);
  });
  const double n = static_cast<double>(s.pixels);
  double *mean = s.total, *variance = s.total + s.channels;
  std::fill(s.total, s.total + 2 * s.channels, 0.0);
  for (std::ptrdiff_t i = 0; i < s.chunks; ++i) {
    const double* chunk_mean = s.partial + i * 2 * s.channels;
    const double share = static_cast<double>(s.size(i)) / n;
    for (std::ptrdiff_t c = 0; c < s.channels; ++c) mean[c] += share * chunk_mean[c];
  }
  for (std::ptrdiff_t i = 0; i < s.chunks; ++i) {
    const double* chunk_mean = s.partial + i * 2 * s.channels;
    const double share = static_cast<double>(s.size(i)) / n;
    for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
      const double d = chunk_mean[c] - mean[c];
      variance[c] += share * d * d + chunk_mean[s.channels + c] / n;
    }
  }
}

/// The layer's y from mean and invstd, both [C]; its coefficients lie in the workspace's first two
/// rows.
template <class T>
Normalised<T> normalised(const BatchNormState<T>& state, const T* mean, const T* invstd,
                         const BatchNormScratch<T>& s) {
  T *scale = s.coefficient, *shift = s.coefficient + s.channels;
  for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
    scale[c] = state.gamma ? state.gamma[c] * invstd[c] : invstd[c];
    shift[c] = state.beta ? state.beta[c] : T(0);
  }
  return {mean, scale, shift};
}

/// 1/sqrt(running_var + eps) into the workspace's third row of coefficients.
template <class T>
T* running_invstd(const BatchNormState<T>& state, const BatchNormScratch<T>& s) {
  T* invstd = s.coefficient + 2 * s.channels;
  for (std::ptrdiff_t c = 0; c < s.channels; ++c)
    invstd[c] = static_cast<T>(1 / std::sqrt(double{state.running_var[c]} + state.epsilon));
  return invstd;
}

/// The gradient before the activation. Without one the same code computes the same bits: the
/// compiler joins products and sums in its own way in each copy of a loop.
template <class T>
struct GradientBefore {
  View<const T> x, dy;
  Normalised<T> value;
  Kink<T> kink;
};

/// total[0] = sum g, total[1] = sum g * xhat, both added to dbeta and dgamma where wanted.
template <class T>
void batch_norm_gradient_sums(const Context<Cpu>& context, const GradientBefore<T>& g,
                              const T* invstd, T* dgamma, T* dbeta, const BatchNormScratch<T>& s) {
  for_each_chunk(context, s, [&](auto first, auto last, auto c0, auto channels, double* partial) {
    ColumnSums<T, 2> sums;
    column_sums<T, 2>(first, last, channels, sums, [&](auto lanes, auto p, auto c) {
      const auto value = g.value.at(lanes, c0 + c);
      const auto xv = lanes.load(g.x.pixel(p) + c0 + c);
      const auto gv = g.kink.gradient(value(xv), lanes.load(g.dy.pixel(p) + c0 + c));
      return std::array{gv, gv * (xv - value.mean)};
    });
    for (std::ptrdiff_t c = 0; c < channels; ++c) {
      partial[c] = sums[0][static_cast<std::size_t>(c)];
      partial[s.channels + c] = sums[1][static_cast<std::size_t>(c)];
    }
  });
  std::fill(s.total, s.total + 2 * s.channels, 0.0);
  for (std::ptrdiff_t i = 0; i < s.chunks; ++i)
    for (std::ptrdiff_t c = 0; c < 2 * s.channels; ++c)
      s.total[c] += s.partial[i * 2 * s.channels + c];
  for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
    s.total[s.channels + c] *= double{invstd[c]};
    if (dbeta) dbeta[c] += static_cast<T>(s.total[c]);
    if (dgamma) dgamma[c] += static_cast<T>(s.total[s.channels + c]);
  }
}

}  // namespace detail

template <class T>
inline void batch_norm_training(const Context<Cpu>& context, const BatchNormState<T>& state,
                                std::type_identity_t<View<const T>> x, View<T> y,
                                std::type_identity_t<T>* saved, std::byte* workspace) {
  if (x.size() == 0) return;
  const detail::BatchNormScratch<T> s(x, workspace);
  detail::batch_statistics(context, x, s);
  const double n = static_cast<double>(s.pixels), m = state.momentum;
  const double unbias = s.pixels > 1 ? n / (n - 1) : 1.0;
  for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
    const double mean = s.total[c], variance = s.total[s.channels + c];
    saved[c] = static_cast<T>(mean);
    saved[s.channels + c] = static_cast<T>(1 / std::sqrt(variance + state.epsilon));
    if (!state.running_mean) continue;
    T &running_mean = state.running_mean[c], &running_var = state.running_var[c];
    running_mean = static_cast<T>((1 - m) * double{running_mean} + m * mean);
    running_var = static_cast<T>((1 - m) * double{running_var} + m * variance * unbias);
  }
  detail::normalise<T>(context, x, detail::normalised<T>(state, saved, saved + s.channels, s),
                       detail::Kink<T>(state.negative_slope), y, s);
}

template <class T>
inline void batch_norm_evaluation(const Context<Cpu>& context, const BatchNormState<T>& state,
                                  std::type_identity_t<View<const T>> x, View<T> y,
                                  std::byte* workspace) {
  const detail::BatchNormScratch<T> s(x, workspace);
  const T* invstd = detail::running_invstd(state, s);
  detail::normalise<T>(context, x, detail::normalised<T>(state, state.running_mean, invstd, s),
                       detail::Kink<T>(state.negative_slope), y, s);
}

template <class T>
inline void batch_norm_training_backward(const Context<Cpu>& context,
                                         const BatchNormState<T>& state,
                                         std::type_identity_t<View<const T>> x,
                                         std::type_identity_t<View<const T>> dy,
                                         const std::type_identity_t<T>* saved, View<T> dx,
                                         std::type_identity_t<T>* dgamma,
                                         std::type_identity_t<T>* dbeta, std::byte* workspace) {
  if (x.size() == 0 || (!dx && !dgamma && !dbeta)) return;
  const detail::BatchNormScratch<T> s(x, workspace);
  const T *mean = saved, *invstd = saved + s.channels;
  const detail::GradientBefore<T> g{x, dy, detail::normalised<T>(state, mean, invstd, s),
                                    detail::Kink<T>(state.negative_slope)};
  detail::batch_norm_gradient_sums<T>(context, g, invstd, dgamma, dbeta, s);
  if (!dx) return;
  // dx = a g - b - (x - mean) d, with the scale a = gamma/sigma, b = a mean(g),
  // d = a mean(g xhat)/sigma
  T *b = s.coefficient + 2 * s.channels, *d = b + s.channels;
  for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
    const double n = static_cast<double>(s.pixels), r = invstd[c];
    const double factor = state.gamma ? double{state.gamma[c]} * r : r;
    b[c] = static_cast<T>(factor * s.total[c] / n);
    d[c] = static_cast<T>(factor * s.total[s.channels + c] / n * r);
  }
  detail::for_each_block(context, s, [&](auto lanes, auto c, auto p, auto n) {
    const auto value = g.value.at(lanes, c);
    const auto kink = g.kink;
    const auto bc = lanes.load(b + c), dc = lanes.load(d + c);
    detail::Walk<const T> xp(x, p, c), dyp(dy, p, c);
    detail::Walk<T> dxp(dx, p, c);
    for (; n > 0; --n) {
      const auto xv = lanes.load(xp.next());
      const auto gv = kink.gradient(value(xv), lanes.load(dyp.next()));
      const auto direct = simd::multiply_add(value.scale, gv, -bc);
      lanes.store(dxp.next(), simd::multiply_add(value.mean - xv, dc, direct));
    }
  });
}

template <class T>
inline void batch_norm_evaluation_backward(const Context<Cpu>& context,
                                           const BatchNormState<T>& state,
                                           std::type_identity_t<View<const T>> x,
                                           std::type_identity_t<View<const T>> dy, View<T> dx,
                                           std::type_identity_t<T>* dgamma,
                                           std::type_identity_t<T>* dbeta, std::byte* workspace) {
  if (x.size() == 0) return;
  const detail::BatchNormScratch<T> s(x, workspace);
  const T* invstd = detail::running_invstd(state, s);
  const detail::GradientBefore<T> g{x, dy,
                                    detail::normalised<T>(state, state.running_mean, invstd, s),
                                    detail::Kink<T>(state.negative_slope)};
  if (dgamma || dbeta) detail::batch_norm_gradient_sums<T>(context, g, invstd, dgamma, dbeta, s);
  if (!dx) return;
  const View<const T> seen = state.negative_slope < 0 ? dy : x;  // without activation x is not read
  detail::for_each_block(context, s, [&](auto lanes, auto c, auto p, auto n) {
    const auto value = g.value.at(lanes, c);
    const auto kink = g.kink;
    detail::Walk<const T> xp(seen, p, c), dyp(dy, p, c);
    detail::Walk<T> dxp(dx, p, c);
    for (; n > 0; --n) {
      const auto gv = kink.gradient(value(lanes.load(xp.next())), lanes.load(dyp.next()));
      lanes.store(dxp.next(), simd::multiply_add(gv, value.scale, simd::Vector<T>(T(0))));  // no -0
    }
  });
}

}  // namespace tessera::kernels
