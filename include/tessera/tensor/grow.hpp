// SPDX-License-Identifier: BSD-3-Clause
// A growing array for constant evaluation and for plans. std::vector is no choice there: it breaks
// constant evaluation in debug mode (g++ 12) and costs clang twice the steps.
#pragma once
#include <utility>

#include <tessera/tensor/array_view.hpp>

namespace tessera::inline TESSERA_ABI {

template <class T>
class Grow {
 public:
  constexpr Grow() = default;
  constexpr explicit Grow(int size)
      : data_(size > 0 ? new T[static_cast<unsigned>(size)]{} : nullptr),
        size_(size),
        capacity_(size) {}
  constexpr Grow(Grow&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  constexpr Grow(const Grow& other) : Grow(other.size_) {
    for (int i = 0; i < size_; ++i) data_[i] = other.data_[i];
  }
  constexpr Grow& operator=(Grow other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  constexpr ~Grow() { delete[] data_; }

  constexpr void push(const T& value) {
    if (size_ == capacity_) grow();
    data_[size_++] = value;
  }
  constexpr int size() const { return size_; }
  constexpr T& operator[](int i) { return data_[i]; }
  constexpr const T& operator[](int i) const { return data_[i]; }
  constexpr T* begin() { return data_; }
  constexpr T* end() { return data_ + size_; }
  constexpr const T* begin() const { return data_; }
  constexpr const T* end() const { return data_ + size_; }
  constexpr ArrayView<T> view() const { return {data_, static_cast<std::size_t>(size_)}; }

 private:
  [[gnu::noinline]] constexpr void grow() {
    const int capacity = capacity_ ? 2 * capacity_ : 16;
    T* const data = new T[static_cast<unsigned>(capacity)]{};
    for (int i = 0; i < size_; ++i) data[i] = data_[i];
    delete[] data_;
    data_ = data;
    capacity_ = capacity;
  }

  T* data_ = nullptr;
  int size_ = 0, capacity_ = 0;
};

}  // namespace tessera
