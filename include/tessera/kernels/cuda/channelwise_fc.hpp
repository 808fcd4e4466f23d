// SPDX-License-Identifier: BSD-3-Clause
// Channel-wise fully connected products on a GPU. Maps are packed with the channels first,
// [C][N][P], in scratch memory; then all channels are one batched matrix product.
#pragma once
#include <type_traits>

#include <tessera/kernels/channelwise_fc.hpp>
#include <tessera/kernels/cuda/permute.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// Maps with the channels first, and their products.
template <class T>
class ChannelMaps {
 public:
  ChannelMaps(const Context<Cuda>& context, const View<const T>& x, int maps)
      : context_(context),
        batch_(x.batch),
        pixels_(long{x.height} * x.width),
        rows_(batch_ * pixels_),
        channels_(x.channels),
        size_(aligned_size(static_cast<std::size_t>(x.size()) * sizeof(T))),
        scratch_(context.engine().scratch(static_cast<std::size_t>(maps) * size_)) {}

  T* map(int i) const {
    return reinterpret_cast<T*>(scratch_ + static_cast<std::size_t>(i) * size_);
  }
  /// Map i [C][N P] = x, a view of (N P, C).
  const T* pack(const View<const T>& x, int i) const {
    copy_strided<T>(context_, 1, {1, static_cast<int>(channels_), static_cast<int>(rows_)}, x.data,
                    {{0, 1, x.stride}, 0}, map(i), {{0, rows_, 1}, 0});
    return map(i);
  }
  void unpack(int i, const View<T>& y) const {
    copy_strided<T>(context_, 1, {1, static_cast<int>(rows_), static_cast<int>(channels_)}, map(i),
                    {{0, 1, rows_}, 0}, y.data, {{0, y.stride, 1}, 0});
  }
  /// to[c] [N, P] = from[c] [N, P] op(weight[c]) [P, P]
  void by_weight(const T* from, const T* weight, bool transposed, T* to) const {
    product(false, transposed, batch_, pixels_, pixels_, from, rows_, weight, pixels_ * pixels_,
            T(0), to, rows_);
  }
  /// dweight[c] [P, P] += x[c]^T [P, N] dy[c] [N, P]
  void to_weight(const T* x, const T* dy, T* dweight) const {
    product(true, false, pixels_, pixels_, batch_, x, rows_, dy, rows_, T(1), dweight,
            pixels_ * pixels_);
  }

 private:
  void product(bool ta, bool tb, long m, long n, long k, const T* a, long step_a, const T* b,
               long step_b, T beta, T* c, long step_c) const {
    Engine& engine = context_.engine();
    if (engine.preparing()) return engine.blas().open(engine.stream());
    engine.blas().gemm_strided_batched(engine.stream(), context_.precision, ta, tb, m, n, k, T(1),
                                       a, pixels_, step_a, b, pixels_, step_b, beta, c, pixels_,
                                       step_c, channels_);
  }

  const Context<Cuda>& context_;
  const long batch_, pixels_, rows_, channels_;  // N, P, N P, C
  const std::size_t size_;
  std::byte* const scratch_;
};

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void channelwise_fc_forward(const Context<Cuda>& context,
                                   std::type_identity_t<View<const T>> x, const T* weight,
                                   View<T> y, std::byte*) {
  const cuda::ChannelMaps<T> maps(context, x, 2);
  maps.by_weight(maps.pack(x, 0), weight, false, maps.map(1));
  maps.unpack(1, y);
}

template <class T>
inline void channelwise_fc_backward(const Context<Cuda>& context,
                                    std::type_identity_t<View<const T>> x,
                                    std::type_identity_t<View<const T>> dy, const T* weight,
                                    View<T> dx, std::type_identity_t<T>* dweight, std::byte*) {
  const cuda::ChannelMaps<T> maps(context, dy, 2);
  const T* const dyc = maps.pack(dy, 0);
  if (dweight) maps.to_weight(maps.pack(x, 1), dyc, dweight);
  if (!dx) return;
  maps.by_weight(dyc, weight, true, maps.map(1));  // in the place of x: work runs in order
  maps.unpack(1, dx);
}

}  // namespace tessera::kernels
