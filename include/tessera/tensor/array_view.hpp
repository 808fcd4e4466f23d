// SPDX-License-Identifier: BSD-3-Clause
// A view of an array's elements, to read. std::span would do; its constructors ask for concepts of
// iterators, which costs the compiler 2 to 5 MiB for each type of element.
#pragma once
#include <cstddef>
#include <type_traits>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI {

/// `size` elements from `data` on; the array must outlive the view.
template <class T>
class ArrayView {
 public:
  constexpr ArrayView() = default;
  constexpr ArrayView(const T* data, std::size_t size) : data_(data), size_(size) {}
  template <std::size_t N>
  constexpr ArrayView(const T (&array)[N]) : data_(array), size_(N) {}
  /// Of a std::vector, std::array, std::span.
  template <class Array>
  requires std::is_same_v<typename Array::value_type, T>
  constexpr ArrayView(const Array& array) : data_(array.data()), size_(array.size()) {}

  constexpr const T* data() const { return data_; }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const T& operator[](std::size_t i) const { return data_[i]; }
  constexpr const T& front() const { return data_[0]; }
  constexpr const T& back() const { return data_[size_ - 1]; }
  constexpr const T* begin() const { return data_; }
  constexpr const T* end() const { return data_ + size_; }

 private:
  const T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tessera
