// SPDX-License-Identifier: BSD-3-Clause
// Activations for kernel tests in every layout a kernel must take: contiguous, a channel slice of a
// wider tensor, and a misaligned pointer. What lies around the view is a sentinel that must
// survive.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <vector>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::test {

enum class Layout { contiguous, slice, misaligned };
inline constexpr Layout layouts[] = {Layout::contiguous, Layout::slice, Layout::misaligned};
inline constexpr int channel_counts[] = {1, 3, 15, 16, 17, 33};
inline constexpr int thread_counts[] = {1, 2, 3};

/// Memory with a view into it, filled with normal numbers.
template <class T>
class Field {
 public:
  Field(int n, int h, int w, int c, Layout layout = Layout::contiguous, std::uint64_t seed = 1,
        double mean = 0) {
    const int stride = layout == Layout::slice ? c + 5 : c;
    const std::size_t before = layout == Layout::contiguous ? 16 : 3;
    const auto pixels = static_cast<std::size_t>(n) * static_cast<std::size_t>(h * w);
    memory_.assign(before + pixels * static_cast<std::size_t>(stride) + 16, sentinel);
    first_ = before;
    shape_ = {nullptr, n, h, w, c, stride};
    RandomStream random(Seed{seed}, 0);
    for (std::ptrdiff_t p = 0; p < shape_.pixels(); ++p)
      for (int i = 0; i < c; ++i) view().pixel(p)[i] = static_cast<T>(mean + random.normal());
  }
  View<T> view() {
    View<T> v = shape_;
    v.data = memory_.data() + first_;
    return v;
  }
  operator View<T>() { return view(); }
  operator View<const T>() { return view(); }
  T& at(std::ptrdiff_t p, int c) { return view().pixel(p)[c]; }
  void fill(T value) {
    for (std::ptrdiff_t p = 0; p < shape_.pixels(); ++p)
      for (int c = 0; c < shape_.channels; ++c) at(p, c) = value;
  }
  const std::vector<T>& memory() const { return memory_; }

  /// Whether everything outside the view is untouched.
  bool intact() {
    std::vector<char> inside(memory_.size(), 0);
    for (std::ptrdiff_t p = 0; p < shape_.pixels(); ++p)
      for (int c = 0; c < shape_.channels; ++c)
        inside[first_ + static_cast<std::size_t>(p * shape_.stride + c)] = 1;
    for (std::size_t i = 0; i < memory_.size(); ++i)
      if (!inside[i] && memory_[i] != sentinel) return false;
    return true;
  }

 private:
  static constexpr T sentinel = T(-12345);
  std::vector<T> memory_;
  std::size_t first_ = 0;
  View<T> shape_{};
};

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// |a - b| <= tolerance * max(1, |b|), with the tolerance in units of the scalar's precision.
template <class T>
bool near(T a, double b, double units = 16) {
  if (std::isnan(b)) return std::isnan(a);
  if (std::isinf(b)) return static_cast<double>(a) == b;
  const double eps = sizeof(T) == 4 ? 0x1p-23 : 0x1p-52;
  return std::fabs(static_cast<double>(a) - b) <= units * eps * std::fmax(1.0, std::fabs(b));
}

}  // namespace tessera::test
