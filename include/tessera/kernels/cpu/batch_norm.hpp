// SPDX-License-Identifier: BSD-3-Clause
// Batch normalisation on the CPU. Statistics come in two stages: chunks of pixels, cut by shape,
// are summed in T about their own mean (so float loses nothing to a large mean); the chunks are
// then combined in double, in order [chan1983]. The chunk is still in the cache for its second
// look.
#pragma once
#include <array>
#include <cmath>
#include <utility>

#include <tessera/kernels/batch_norm.hpp>
#include <tessera/kernels/cpu/column_sums.hpp>
#include <tessera/kernels/cpu/rows.hpp>

namespace tessera::kernels {

namespace detail {

/// The workspace of the batch-norm kernels, cut up.
template <class T>
struct BatchNormScratch {
  std::ptrdiff_t channels, pixels, chunk, chunks;
  double* partial;  // [chunks][2][C]
  double* total;    // [2][C]
  T* coefficient;   // [4][C]

  BatchNormScratch(View<const T> x, std::byte* workspace)
      : channels(x.channels),
        pixels(x.pixels()),
        chunk(batch_norm_chunk(x.channels)),
        chunks(ceil_div(pixels, chunk)),
        partial(reinterpret_cast<double*>(workspace)),
        total(partial + chunks * 2 * channels),
        coefficient(reinterpret_cast<T*>(
            workspace +
            aligned_size(static_cast<std::size_t>((chunks + 1) * 2 * channels) * sizeof(double)))) {
  }

  /// Pixels of chunk i.
  std::ptrdiff_t size(std::ptrdiff_t i) const { return std::min(chunk, pixels - i * chunk); }
};

/// Calls body(first pixel, last pixel, first channel, channels, partial[2][C] at that channel).
template <class T, class Body>
void for_each_chunk(const Context<Cpu>& context, const BatchNormScratch<T>& s, const Body& body) {
  for_each_range(context, s.pixels, s.chunk, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    double* partial = s.partial + first / s.chunk * 2 * s.channels;
    for (std::ptrdiff_t c = 0; c < s.channels; c += column_block)
      body(first, last, c, std::min(column_block, s.channels - c), partial + c);
  });
}

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

/// y = (x - mean) * scale + shift per channel; the mean is taken off first, so nothing cancels.
template <class T>
void normalise(const Context<Cpu>& context, View<const T> x, const T* mean, const T* scale,
               const T* shift, View<T> y, std::ptrdiff_t chunk) {
  for_each_range(context, x.pixels(), chunk, [&](std::ptrdiff_t p, std::ptrdiff_t last) {
    for (; p < last; ++p)
      simd::for_each_vector<T>(
          x.channels, [&, xp = x.pixel(p), yp = y.pixel(p)](auto lanes, auto c) {
            const auto centred = lanes.load(xp + c) - lanes.load(mean + c);
            lanes.store(yp + c,
                        simd::multiply_add(centred, lanes.load(scale + c), lanes.load(shift + c)));
          });
  });
}

/// y from mean and invstd, both [C].
template <class T>
void batch_norm_apply(const Context<Cpu>& context, const BatchNormState<T>& state, View<const T> x,
                      const T* mean, const T* invstd, View<T> y, const BatchNormScratch<T>& s) {
  T *scale = s.coefficient, *shift = s.coefficient + s.channels;
  for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
    scale[c] = state.gamma ? state.gamma[c] * invstd[c] : invstd[c];
    shift[c] = state.beta ? state.beta[c] : T(0);
  }
  normalise(context, x, mean, scale, shift, y, s.chunk);
}

/// 1/sqrt(running_var + eps) into the workspace's third row of coefficients.
template <class T>
T* running_invstd(const BatchNormState<T>& state, const BatchNormScratch<T>& s) {
  T* invstd = s.coefficient + 2 * s.channels;
  for (std::ptrdiff_t c = 0; c < s.channels; ++c)
    invstd[c] = static_cast<T>(1 / std::sqrt(double{state.running_var[c]} + state.epsilon));
  return invstd;
}

/// total[0] = sum dy, total[1] = sum dy * xhat, both added to dbeta and dgamma where wanted.
template <class T>
void batch_norm_gradient_sums(const Context<Cpu>& context, View<const T> x, View<const T> dy,
                              const T* mean, const T* invstd, T* dgamma, T* dbeta,
                              const BatchNormScratch<T>& s) {
  for_each_chunk(context, s, [&](auto first, auto last, auto c0, auto channels, double* partial) {
    ColumnSums<T, 2> sums;
    column_sums<T, 2>(first, last, channels, sums, [&](auto lanes, auto p, auto c) {
      const auto g = lanes.load(dy.pixel(p) + c0 + c);
      const auto d = lanes.load(x.pixel(p) + c0 + c) - lanes.load(mean + c0 + c);
      return std::array{g, g * d};
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
  detail::batch_norm_apply<T>(context, state, x, saved, saved + s.channels, y, s);
}

template <class T>
inline void batch_norm_evaluation(const Context<Cpu>& context, const BatchNormState<T>& state,
                                  std::type_identity_t<View<const T>> x, View<T> y,
                                  std::byte* workspace) {
  const detail::BatchNormScratch<T> s(x, workspace);
  const T* invstd = detail::running_invstd(state, s);
  detail::batch_norm_apply<T>(context, state, x, state.running_mean, invstd, y, s);
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
  detail::batch_norm_gradient_sums<T>(context, x, dy, mean, invstd, dgamma, dbeta, s);
  if (!dx) return;
  // dx = a dy - b - (x - mean) d, with a = gamma/sigma, b = a mean(dy), d = a mean(dy xhat)/sigma
  T *a = s.coefficient, *b = a + s.channels, *d = b + s.channels;
  for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
    const double n = static_cast<double>(s.pixels), r = invstd[c];
    const double factor = state.gamma ? double{state.gamma[c]} * r : r;
    a[c] = static_cast<T>(factor);
    b[c] = static_cast<T>(factor * s.total[c] / n);
    d[c] = static_cast<T>(factor * s.total[s.channels + c] / n * r);
  }
  for_each_range(context, s.pixels, s.chunk, [&](std::ptrdiff_t p, std::ptrdiff_t last) {
    for (; p < last; ++p)
      simd::for_each_vector<T>(s.channels, [&](auto lanes, std::ptrdiff_t c) {
        const auto centred = lanes.load(x.pixel(p) + c) - lanes.load(mean + c);
        const auto direct =
            simd::multiply_add(lanes.load(a + c), lanes.load(dy.pixel(p) + c), -lanes.load(b + c));
        lanes.store(dx.pixel(p) + c, simd::multiply_add(-centred, lanes.load(d + c), direct));
      });
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
  if (dgamma || dbeta)
    detail::batch_norm_gradient_sums<T>(context, x, dy, state.running_mean, invstd, dgamma, dbeta,
                                        s);
  if (!dx) return;
  T *scale = s.coefficient, *zero = s.coefficient + 3 * s.channels;
  for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
    scale[c] = state.gamma ? state.gamma[c] * invstd[c] : invstd[c];
    zero[c] = T(0);
  }
  detail::normalise<T>(context, dy, zero, scale, zero, dx, s.chunk);
}

}  // namespace tessera::kernels
