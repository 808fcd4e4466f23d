// SPDX-License-Identifier: BSD-3-Clause
// Non-owning views of activations [N, H, W, C] and of mask planes [N, H, W, G].
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tessera/tensor/shape.hpp>

namespace tessera::inline TESSERA_ABI {

/// Activations `[N, H, W, C]`, contiguous but for the pixel stride: element (n, h, w, c) lies at
/// `data + ((n*H + h)*W + w)*stride + c`, stride >= C. A channel slice of a wider tensor is such a
/// view. A view without data converts to false and means "not wanted" where a gradient is meant.
template <class T>
struct View {
  T* data = nullptr;
  int batch = 0, height = 0, width = 0, channels = 0;
  std::ptrdiff_t stride = 0;  // elements from one pixel to the next

  constexpr explicit operator bool() const { return data != nullptr; }
  constexpr operator View<const T>() const requires(!std::is_const_v<T>) {
    return {data, batch, height, width, channels, stride};
  }

  constexpr std::ptrdiff_t pixels() const { return std::ptrdiff_t{batch} * height * width; }
  constexpr std::ptrdiff_t size() const { return pixels() * channels; }
  constexpr bool contiguous() const { return stride == channels; }
  constexpr Shape shape() const { return {height, width, channels}; }

  constexpr T* pixel(std::ptrdiff_t p) const { return data + p * stride; }
  constexpr T* pixel(int n, int h, int w) const {
    return pixel((std::ptrdiff_t{n} * height + h) * width + w);
  }
  constexpr T& operator()(int n, int h, int w, int c) const { return pixel(n, h, w)[c]; }

  /// Channels [first, first + count).
  constexpr View slice(int first, int count) const {
    return {data + first, batch, height, width, count, stride};
  }

  /// The same memory as an xtensor expression `[N, H, W, C]`; needs <tessera/tensor/xtensor.hpp>.
  template <class Self = View>
  auto xt() const {
    return as_xtensor(static_cast<const Self&>(*this));
  }
};

/// A contiguous view.
template <class T>
constexpr View<T> make_view(T* data, int batch, const Shape& s) {
  return {data, batch, s.height, s.width, s.channels, s.channels};
}

/// Mask planes `[N, H, W, G]`, contiguous; 1 = valid (known) pixel, 0 = hole. Group g covers
/// `groups.channels[g]` channels of the features it belongs to. A view without data means
/// "everything is valid".
template <class Byte>
struct BasicMaskView {
  Byte* data = nullptr;
  int batch = 0, height = 0, width = 0;
  MaskGroups groups{};

  constexpr explicit operator bool() const { return data != nullptr; }
  constexpr operator BasicMaskView<const Byte>() const requires(!std::is_const_v<Byte>) {
    return {data, batch, height, width, groups};
  }
  constexpr std::ptrdiff_t pixels() const { return std::ptrdiff_t{batch} * height * width; }
  constexpr std::ptrdiff_t size() const { return pixels() * groups.count; }
  constexpr Byte* pixel(std::ptrdiff_t p) const { return data + p * groups.count; }  // [G]
  constexpr Byte* pixel(int n, int h, int w) const {
    return pixel((std::ptrdiff_t{n} * height + h) * width + w);
  }
};
using MaskView = BasicMaskView<const std::uint8_t>;
using MutableMaskView = BasicMaskView<std::uint8_t>;

}  // namespace tessera
