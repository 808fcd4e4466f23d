// SPDX-License-Identifier: BSD-3-Clause
// Owned memory, aligned for the widest vectors and zeroed.
#pragma once
#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI {

inline constexpr std::size_t buffer_alignment = 64;

/// Rounds up to a multiple of the alignment of every buffer, in bytes.
constexpr std::size_t aligned_size(std::size_t bytes) {
  return (bytes + buffer_alignment - 1) / buffer_alignment * buffer_alignment;
}

/// `size` zero elements, 64-byte aligned. Move-only; the only allocation the library makes for
/// numbers.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>, "Buffer: elements must be plain numbers");

 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    data_ = static_cast<T*>(
        ::operator new (aligned_size(size * sizeof(T)), std::align_val_t{buffer_alignment}));
    std::memset(static_cast<void*>(data_), 0, aligned_size(size * sizeof(T)));
  }
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() { ::operator delete (data_, std::align_val_t{buffer_alignment}); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tessera
