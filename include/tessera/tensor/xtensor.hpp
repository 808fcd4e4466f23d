// SPDX-License-Identifier: BSD-3-Clause
// The only header that knows xtensor: its containers in and out of the library, without a copy
// where the strides allow.
#pragma once
#include <cstddef>

#include <xtensor/xexception.hpp>
#include <xtensor/xstorage.hpp>
// clang 19 and later match template template parameters as P0522 says, which makes xtensor's
// partial specialisations of rebind_container for svector ambiguous; full ones win over them.
#if defined(__clang__) && __clang_major__ >= 19
namespace xt {
template <>
struct rebind_container<std::ptrdiff_t, svector<std::size_t>> {
  using type = svector<std::ptrdiff_t>;
};
template <>
struct rebind_container<std::size_t, svector<std::size_t>> {
  using type = svector<std::size_t>;
};
template <>
struct rebind_container<std::size_t, svector<std::ptrdiff_t>> {
  using type = svector<std::size_t>;
};
template <>
struct rebind_container<std::ptrdiff_t, svector<std::ptrdiff_t>> {
  using type = svector<std::ptrdiff_t>;
};
}  // namespace xt
#endif
#include <array>
#include <string>
#include <type_traits>
#include <xtensor/xadapt.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>

#include <tessera/tensor/error.hpp>
#include <tessera/tensor/tensor.hpp>

namespace tessera::inline TESSERA_ABI {

/// The view's memory as an xtensor expression `[N, H, W, C]`, to read or assign; no copy, pixel
/// strides included.
template <class T>
auto as_xtensor(const View<T>& v) {
  const std::array<std::size_t, 4> shape{
      static_cast<std::size_t>(v.batch), static_cast<std::size_t>(v.height),
      static_cast<std::size_t>(v.width), static_cast<std::size_t>(v.channels)};
  const std::ptrdiff_t w = v.stride, h = w * v.width, n = h * v.height;
  const std::array<std::ptrdiff_t, 4> strides{n, h, w, 1};
  const auto reach =
      static_cast<std::size_t>(v.pixels() > 0 ? (v.pixels() - 1) * v.stride + v.channels : 0);
  return xt::adapt(v.data, reach, xt::no_ownership(), shape, strides);
}

/// A parameter (a type with `data` and `size()`) as a one-dimensional xtensor expression.
template <class P>
requires requires(const P& p) { p.dims; }
auto as_xtensor(const P& p) {
  const std::array<std::size_t, 1> shape{static_cast<std::size_t>(p.size())};
  return xt::adapt(p.data, shape[0], xt::no_ownership(), shape);
}

/// An xtensor container `[N, H, W, C]` as a view; no copy. Its strides must be a batch of pixels in
/// row-major order (any pixel stride). Errors: ShapeError where they are not
template <class X>
auto as_view(X& x) {
  using T = std::remove_reference_t<decltype(*x.data())>;
  if (x.dimension() != 4)
    throw ShapeError("expected an array [N, H, W, C] of 4 dimensions, got " +
                     std::to_string(x.dimension()));
  const auto size = [&](std::size_t d) { return static_cast<int>(x.shape()[d]); };
  View<T> v{x.data() + x.data_offset(), size(0), size(1), size(2), size(3), size(3)};
  // xtensor's stride along an axis of length 1 is 0: take the pixel stride from the first axis that
  // has one.
  const auto stride = [&](std::size_t d) { return static_cast<std::ptrdiff_t>(x.strides()[d]); };
  if (v.width > 1) v.stride = stride(2);
  else if (v.height > 1) v.stride = stride(1);
  else if (v.batch > 1) v.stride = stride(0);
  const bool row_major = (v.channels == 1 || stride(3) == 1) && v.stride >= v.channels &&
                         (v.height == 1 || stride(1) == v.stride * v.width) &&
                         (v.batch == 1 || stride(0) == v.stride * v.width * v.height);
  if (!row_major)
    throw ShapeError(
        "expected an array [N, H, W, C] whose pixels lie one behind the other, got other strides");
  return v;
}

/// A tensor's values as an owned xtensor.
template <class T>
xt::xtensor<T, 4> to_xtensor(const Tensor<T>& tensor) {
  return as_xtensor(tensor.view());
}

}  // namespace tessera
