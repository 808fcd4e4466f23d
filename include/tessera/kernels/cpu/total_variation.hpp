// SPDX-License-Identifier: BSD-3-Clause
// Total variation on the CPU. One task is a row of an image: it sums the pairs to its right and
// below, and gathers the gradient of its own pixels, so that no two tasks write one place.
#pragma once
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/total_variation.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

/// Whether any of the 3x3 pixels around (h, w) is missing.
inline bool beside_hole(const std::uint8_t* image, int height, int width, int h, int w) {
  for (int i = h > 0 ? h - 1 : 0; i <= h + 1 && i < height; ++i)
    for (int j = w > 0 ? w - 1 : 0; j <= w + 1 && j < width; ++j)
      if (image[std::ptrdiff_t{i} * width + j]) return true;
  return false;
}

template <class T>
T sign_of(T d) {
  return d > T(0) ? T(1) : d < T(0) ? T(-1) : d;  // 0 and NaN stay
}

}  // namespace detail

template <class T>
inline double total_variation(const Context<Cpu>& context, std::type_identity_t<View<const T>> y,
                              std::type_identity_t<View<const T>> truth, HoleView hole,
                              double factor, View<T> dy, std::byte* workspace) {
  const int height = y.height, width = y.width, channels = y.channels;
  const std::ptrdiff_t rows = std::ptrdiff_t{y.batch} * height;
  double* const partial = reinterpret_cast<double*>(workspace);
  std::uint8_t* const region = reinterpret_cast<std::uint8_t*>(
      workspace + aligned_size(static_cast<std::size_t>(rows) * sizeof(double)));
  parallel_for(context, rows, [&](std::ptrdiff_t row) {
    const int n = static_cast<int>(row / height), h = static_cast<int>(row % height);
    const std::uint8_t* const image = hole.image(n).data;
    for (int w = 0; w < width; ++w)
      region[row * width + w] = detail::beside_hole(image, height, width, h, w);
  });
  const auto filled = [&](std::ptrdiff_t p) {
    return hole.missing(p) ? y.pixel(p) : truth.pixel(p);
  };
  parallel_for(context, rows, [&](std::ptrdiff_t row) {
    const int h = static_cast<int>(row % height);
    double sum = 0;
    for (int w = 0; w < width; ++w) {
      const std::ptrdiff_t p = row * width + w;
      if (!region[p]) continue;
      const T* const z = filled(p);
      const auto pair = [&](bool inside, std::ptrdiff_t q, bool counts) {
        if (!inside || !region[q]) return;
        const T* const other = filled(q);
        if (counts)
          for (int c = 0; c < channels; ++c) {
            const double d = static_cast<double>(z[c]) - static_cast<double>(other[c]);
            sum += d < 0 ? -d : d;
          }
        if (!dy || !hole.missing(p)) return;
        T* const to = dy.pixel(p);
        for (int c = 0; c < channels; ++c)
          to[c] += static_cast<T>(factor) * detail::sign_of(z[c] - other[c]);
      };
      pair(w + 1 < width, p + 1, true);
      pair(h + 1 < height, p + width, true);
      pair(w > 0, p - 1, false);
      pair(h > 0, p - width, false);
    }
    partial[row] = sum;
  });
  double loss = 0;
  for (std::ptrdiff_t i = 0; i < rows; ++i) loss += partial[i];
  return loss;
}

}  // namespace tessera::kernels
