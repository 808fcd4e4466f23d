// SPDX-License-Identifier: BSD-3-Clause
// Non-owning views of activations [N, H, W, C] and of masks, whose two meanings are two types:
// ValidView [N, H, W, G] (1 = known), which layers carry, and HoleView [N, H, W] (1 = missing).
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
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

/// Mask planes `[N, H, W, G]` as layers carry them, contiguous: 1 = valid (known), 0 = hole. Group
/// g covers `groups.channels[g]` channels of the features it belongs to. A view without data means
/// "everything is valid".
template <class Byte>
struct BasicValidView {
  Byte* data = nullptr;
  int batch = 0, height = 0, width = 0;
  MaskGroups groups{};

  constexpr explicit operator bool() const { return data != nullptr; }
  constexpr operator BasicValidView<const Byte>() const requires(!std::is_const_v<Byte>) {
    return {data, batch, height, width, groups};
  }
  constexpr std::ptrdiff_t pixels() const { return std::ptrdiff_t{batch} * height * width; }
  constexpr std::ptrdiff_t size() const { return pixels() * groups.count; }
  constexpr Byte* pixel(std::ptrdiff_t p) const { return data + p * groups.count; }  // [G]
  constexpr Byte* pixel(int n, int h, int w) const {
    return pixel((std::ptrdiff_t{n} * height + h) * width + w);
  }
};
using ValidView = BasicValidView<const std::uint8_t>;
using MutableValidView = BasicValidView<std::uint8_t>;

/// Masks `[N, H, W]` as users, data sets, losses and metrics have them, contiguous: not 0 = hole
/// (missing), 0 = known. A view without data means "no holes".
template <class Byte>
struct BasicHoleView {
  Byte* data = nullptr;
  int batch = 0, height = 0, width = 0;

  constexpr explicit operator bool() const { return data != nullptr; }
  constexpr operator BasicHoleView<const Byte>() const requires(!std::is_const_v<Byte>) {
    return {data, batch, height, width};
  }
  constexpr std::ptrdiff_t pixels() const { return std::ptrdiff_t{batch} * height * width; }
  /// Whether pixel p is missing; also without data.
  constexpr bool missing(std::ptrdiff_t p) const { return data != nullptr && data[p] != 0; }
  /// The bytes; none without data.
  constexpr std::span<Byte> bytes() const {
    return {data, data ? static_cast<std::size_t>(pixels()) : 0};
  }
  /// The mask of image n alone.
  constexpr BasicHoleView image(int n) const {
    return {data ? data + std::ptrdiff_t{n} * height * width : nullptr, 1, height, width};
  }
};
using HoleView = BasicHoleView<const std::uint8_t>;
using MutableHoleView = BasicHoleView<std::uint8_t>;

/// The holes of images of this shape.
template <class Byte>
constexpr BasicHoleView<Byte> make_hole_view(Byte* data, int batch, const Shape& s) {
  return {data, batch, s.height, s.width};
}

/// The one conversion between the two meanings: each plane of a pixel is 1 where its hole is 0, and
/// 0 where it is not, so that a hole may be 1 or 255. Both are of one size; without holes, all is
/// valid.
constexpr void valid_from_hole(HoleView hole, MutableValidView valid) {
  for (std::ptrdiff_t p = 0; p < valid.pixels(); ++p)
    for (int g = 0; g < valid.groups.count; ++g) valid.pixel(p)[g] = !hole.missing(p);
}

}  // namespace tessera
