// SPDX-License-Identifier: BSD-3-Clause
// Group normalisation on the CPU. Each sample's pixels are cut into chunks by shape; a chunk is
// summed in T per channel, about its own mean (so float loses nothing to a large mean); the chunks,
// then the channels of a group, are combined in double, in order [chan1983].
#pragma once
#include <array>
#include <cmath>

#include <tessera/kernels/cpu/column_sums.hpp>
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/group_norm.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

/// The workspace of the group-norm kernels, cut up, and the loops over it.
template <class T>
struct GroupNormScratch {
  std::ptrdiff_t batch, channels, groups, members, pixels, chunk, chunks;
  double* partial;  // [N][chunks][2][C]
  double* total;    // [N][2][C]
  T* coefficient;   // [N][4][C]; the first row is the mean

  GroupNormScratch(View<const T> x, int group_count, std::byte* workspace)
      : batch(x.batch),
        channels(x.channels),
        groups(group_count),
        members(channels / groups),
        pixels(std::ptrdiff_t{x.height} * x.width),
        chunk(group_norm_chunk(x.channels)),
        chunks(ceil_div(pixels, chunk)),
        partial(reinterpret_cast<double*>(workspace)),
        total(partial + batch * chunks * 2 * channels),
        coefficient(reinterpret_cast<T*>(
            workspace + aligned_size(static_cast<std::size_t>(batch * (chunks + 1) * 2 * channels) *
                                     sizeof(double)))) {}

  double* sums(std::ptrdiff_t n, std::ptrdiff_t i) const {
    return partial + (n * chunks + i) * 2 * channels;
  }
  double* totals(std::ptrdiff_t n) const { return total + n * 2 * channels; }
  T* coefficients(std::ptrdiff_t n) const { return coefficient + n * 4 * channels; }
  std::ptrdiff_t size(std::ptrdiff_t i) const { return std::min(chunk, pixels - i * chunk); }

  /// Calls body(sample, chunk, first pixel, last pixel of the batch).
  template <class Body>
  void for_each_chunk(const Context<Cpu>& context, const Body& body) const {
    parallel_for(context, batch * chunks, [&](std::ptrdiff_t task) {
      const std::ptrdiff_t n = task / chunks, i = task % chunks;
      const std::ptrdiff_t first = n * pixels + i * chunk;
      body(n, i, first, first + size(i));
    });
  }
  /// The same for blocks of channels: body(first, last, first channel, channels, coefficients[4][C]
  /// and sums[2][C] at that channel).
  template <class Body>
  void for_each_block(const Context<Cpu>& context, const Body& body) const {
    for_each_chunk(context, [&](auto n, auto i, auto first, auto last) {
      for (std::ptrdiff_t c = 0; c < channels; c += column_block)
        body(first, last, c, std::min(column_block, channels - c), coefficients(n) + c,
             sums(n, i) + c);
    });
  }
};

/// Per chunk and channel: mean, and sum of squares about it.
template <class T>
void group_norm_chunks(const Context<Cpu>& context, View<const T> x, const GroupNormScratch<T>& s) {
  s.for_each_block(context, [&](auto first, auto last, auto c0, auto channels, T*, double* sums) {
    column_statistics(x, first, last, c0, channels, sums, sums + s.channels);
  });
}

/// Mean and 1/sqrt(var + eps) of sample n's groups into saved [2][G].
template <class T>
void group_norm_statistics(const GroupNormScratch<T>& s, std::ptrdiff_t n, double epsilon,
                           T* saved) {
  const double pixels = static_cast<double>(s.pixels);
  double *const mean = s.totals(n), *const square = mean + s.channels;
  std::fill(mean, mean + 2 * s.channels, 0.0);
  for (std::ptrdiff_t i = 0; i < s.chunks; ++i)
    for (std::ptrdiff_t c = 0; c < s.channels; ++c)
      mean[c] += static_cast<double>(s.size(i)) / pixels * s.sums(n, i)[c];
  for (std::ptrdiff_t i = 0; i < s.chunks; ++i)
    for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
      const double d = s.sums(n, i)[c] - mean[c];
      square[c] += static_cast<double>(s.size(i)) * d * d + s.sums(n, i)[s.channels + c];
    }
  const double members = static_cast<double>(s.members);
  for (std::ptrdiff_t g = 0; g < s.groups; ++g) {
    const std::ptrdiff_t first = g * s.members, last = first + s.members;
    double all = 0, about = 0;
    for (std::ptrdiff_t c = first; c < last; ++c) all += mean[c];
    all /= members;
    for (std::ptrdiff_t c = first; c < last; ++c) {
      const double d = mean[c] - all;
      about += square[c] + pixels * d * d;
    }
    saved[g] = static_cast<T>(all);
    saved[s.groups + g] = static_cast<T>(1 / std::sqrt(about / (pixels * members) + epsilon));
  }
}

/// Per sample and channel: sum dy and sum dy (x - mean), over all chunks.
template <class T>
void group_norm_gradient_sums(const Context<Cpu>& context, View<const T> x, View<const T> dy,
                              const GroupNormScratch<T>& s) {
  s.for_each_block(
      context, [&](auto first, auto last, auto c0, auto channels, T* mean, double* out) {
        ColumnSums<T, 2> sums;
        column_sums<T, 2>(first, last, channels, sums, [&](auto lanes, auto p, auto c) {
          const auto g = lanes.load(dy.pixel(p) + c0 + c);
          const auto d = lanes.load(x.pixel(p) + c0 + c) - lanes.load(mean + c);
          return std::array{g, g * d};
        });
        for (std::ptrdiff_t c = 0; c < channels; ++c) {
          out[c] = sums[0][static_cast<std::size_t>(c)];
          out[s.channels + c] = sums[1][static_cast<std::size_t>(c)];
        }
      });
  parallel_for(context, s.batch, [&](std::ptrdiff_t n) {
    double* const total = s.totals(n);
    std::fill(total, total + 2 * s.channels, 0.0);
    for (std::ptrdiff_t i = 0; i < s.chunks; ++i)
      for (std::ptrdiff_t c = 0; c < 2 * s.channels; ++c) total[c] += s.sums(n, i)[c];
  });
}

}  // namespace detail

template <class T>
inline void group_norm_forward(const Context<Cpu>& context, const GroupNormState<T>& state,
                               std::type_identity_t<View<const T>> x, View<T> y,
                               std::type_identity_t<T>* saved, std::byte* workspace) {
  const detail::GroupNormScratch<T> s(x, state.groups, workspace);
  detail::group_norm_chunks<T>(context, x, s);
  parallel_for(context, s.batch, [&](std::ptrdiff_t n) {
    T* const kept = saved + n * 2 * s.groups;
    detail::group_norm_statistics(s, n, state.epsilon, kept);
    T *mean = s.coefficients(n), *scale = mean + s.channels, *shift = scale + s.channels;
    for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
      const T invstd = kept[s.groups + c / s.members];
      mean[c] = kept[c / s.members];
      scale[c] = state.gamma ? state.gamma[c] * invstd : invstd;
      shift[c] = state.beta ? state.beta[c] : T(0);
    }
  });
  s.for_each_chunk(context, [&](auto n, auto, auto p, auto last) {
    const T *mean = s.coefficients(n), *scale = mean + s.channels, *shift = scale + s.channels;
    for (; p < last; ++p)
      simd::for_each_vector<T>(
          s.channels, [&, xp = x.pixel(p), yp = y.pixel(p)](auto lanes, std::ptrdiff_t c) {
            const auto centred = lanes.load(xp + c) - lanes.load(mean + c);
            lanes.store(yp + c,
                        simd::multiply_add(centred, lanes.load(scale + c), lanes.load(shift + c)));
          });
  });
}

template <class T>
inline void group_norm_backward(const Context<Cpu>& context, const GroupNormState<T>& state,
                                std::type_identity_t<View<const T>> x,
                                std::type_identity_t<View<const T>> dy,
                                const std::type_identity_t<T>* saved, View<T> dx,
                                std::type_identity_t<T>* dgamma, std::type_identity_t<T>* dbeta,
                                std::byte* workspace) {
  if (!dx && !dgamma && !dbeta) return;
  const detail::GroupNormScratch<T> s(x, state.groups, workspace);
  for (std::ptrdiff_t n = 0; n < s.batch; ++n)
    for (std::ptrdiff_t c = 0; c < s.channels; ++c)
      s.coefficients(n)[c] = saved[n * 2 * s.groups + c / s.members];
  detail::group_norm_gradient_sums<T>(context, x, dy, s);
  for (std::ptrdiff_t c = 0; c < s.channels; ++c) {
    double sum = 0, product = 0;
    for (std::ptrdiff_t n = 0; n < s.batch; ++n) {
      const double invstd = saved[(n * 2 + 1) * s.groups + c / s.members];
      sum += s.totals(n)[c];
      product += s.totals(n)[s.channels + c] * invstd;
    }
    if (dbeta) dbeta[c] += static_cast<T>(sum);
    if (dgamma) dgamma[c] += static_cast<T>(product);
  }
  if (!dx) return;
  // dx = a dy - b - (x - mean) d, with a = gamma r, b = r mean(gamma dy), d = r^2 mean(gamma dy
  // xhat), r = 1/sqrt(var + eps)
  parallel_for(context, s.batch, [&](std::ptrdiff_t n) {
    T *a = s.coefficients(n) + s.channels, *b = a + s.channels, *d = b + s.channels;
    const double *sum = s.totals(n), *product = sum + s.channels;
    const double count = static_cast<double>(s.pixels * s.members);
    for (std::ptrdiff_t g = 0; g < s.groups; ++g) {
      const double r = saved[(n * 2 + 1) * s.groups + g];
      double mean_dy = 0, mean_product = 0;
      for (std::ptrdiff_t c = g * s.members; c < (g + 1) * s.members; ++c) {
        const double gamma = state.gamma ? double{state.gamma[c]} : 1.0;
        mean_dy += gamma * sum[c] / count;
        mean_product += gamma * product[c] * r / count;
      }
      for (std::ptrdiff_t c = g * s.members; c < (g + 1) * s.members; ++c) {
        a[c] = static_cast<T>(state.gamma ? double{state.gamma[c]} * r : r);
        b[c] = static_cast<T>(r * mean_dy);
        d[c] = static_cast<T>(r * r * mean_product);
      }
    }
  });
  s.for_each_chunk(context, [&](auto n, auto, auto p, auto last) {
    const T *mean = s.coefficients(n), *a = mean + s.channels, *b = a + s.channels;
    const T* d = b + s.channels;
    for (; p < last; ++p)
      simd::for_each_vector<T>(s.channels, [&, xp = x.pixel(p), gp = dy.pixel(p),
                                            out = dx.pixel(p)](auto lanes, std::ptrdiff_t c) {
        const auto centred = lanes.load(xp + c) - lanes.load(mean + c);
        const auto direct =
            simd::multiply_add(lanes.load(a + c), lanes.load(gp + c), -lanes.load(b + c));
        lanes.store(out + c, simd::multiply_add(-centred, lanes.load(d + c), direct));
      });
  });
}

}  // namespace tessera::kernels
