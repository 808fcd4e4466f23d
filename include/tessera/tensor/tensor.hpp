// SPDX-License-Identifier: BSD-3-Clause
// A tensor that owns its memory: a batch of activations [N, H, W, C].
#pragma once

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI {

/// Owned activations `[N, H, W, C]`, contiguous, zero when made.
template <class T = float>
class Tensor {
 public:
  Tensor() = default;
  Tensor(int batch, const Shape& shape)
      : buffer_(static_cast<std::size_t>(batch * shape.size())), batch_(batch), shape_(shape) {}

  View<T> view() { return make_view(buffer_.data(), batch_, shape_); }
  View<const T> view() const { return make_view(buffer_.data(), batch_, shape_); }
  operator View<T>() { return view(); }
  operator View<const T>() const { return view(); }

  int batch() const { return batch_; }
  const Shape& shape() const { return shape_; }
  std::size_t size() const { return buffer_.size(); }
  T* data() { return buffer_.data(); }
  const T* data() const { return buffer_.data(); }
  std::span<T> span() { return buffer_.span(); }
  std::span<const T> span() const { return buffer_.span(); }
  void fill(T value) {
    for (T& element : buffer_) element = value;
  }

 private:
  Buffer<T> buffer_;
  int batch_ = 0;
  Shape shape_{};
};

}  // namespace tessera
