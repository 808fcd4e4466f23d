// SPDX-License-Identifier: BSD-3-Clause
// For tests of kernels on both devices: host tensors with a copy on the (emulated) GPU.
#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

#include <tessera/cuda.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::testing {

/// Numbers on the host and on the GPU.
template <class T>
struct Twin {
  std::vector<T> host;
  DeviceBuffer<T> device;

  explicit Twin(const Context<Cuda>& context, std::vector<T> values)
      : host(std::move(values)), device(context, host.size()), context_(context) {
    upload();
  }
  void upload() {
    Memory<Cuda>::to_device(context_, device.data(), host.data(), host.size() * sizeof(T));
  }
  /// What the GPU has now.
  std::vector<T> read() const {
    std::vector<T> values(host.size());
    Memory<Cuda>::to_host(context_, values.data(), device.data(), values.size() * sizeof(T));
    return values;
  }

 private:
  Context<Cuda> context_;
};

/// Random numbers in [-1, 1).
template <class T>
std::vector<T> random_numbers(std::size_t count, std::uint64_t seed) {
  RandomStream random(Seed{seed}, 1);
  std::vector<T> values(count);
  for (T& v : values) v = static_cast<T>(2 * random.uniform() - 1);
  return values;
}

/// A view [N, H, W, C] on both devices. `extra` more elements lie between pixels and must stay as
/// they are.
template <class T>
struct TwinView {
  View<T> shape;  // sizes and stride; no data
  Twin<T> numbers;

  TwinView(const Context<Cuda>& context, int n, int h, int w, int c, int extra, std::uint64_t seed)
      : shape{nullptr, n, h, w, c, c + extra},
        numbers(context,
                random_numbers<T>(static_cast<std::size_t>(n * h * w * (c + extra)), seed)) {}
  View<T> cpu() { return with(numbers.host.data()); }
  View<T> gpu() { return with(numbers.device.data()); }

 private:
  View<T> with(T* data) const {
    View<T> v = shape;
    v.data = data;
    return v;
  }
};

/// Largest |a - b| / (1 + |b|); infinite where one alone is not finite.
template <class T>
double distance(const std::vector<T>& a, const std::vector<T>& b) {
  double worst = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    if (std::isnan(x) && std::isnan(y)) continue;
    if (x == y) continue;
    const double d = std::fabs(x - y) / (1 + std::fabs(y));
    worst = std::isfinite(d) ? std::max(worst, d) : INFINITY;
  }
  return worst;
}

/// Rounding of a few operations in T.
template <class T>
inline constexpr double unit = sizeof(T) == sizeof(float) ? 0x1p-23 : 0x1p-52;

}  // namespace tessera::testing
