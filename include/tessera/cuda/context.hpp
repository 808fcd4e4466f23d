// SPDX-License-Identifier: BSD-3-Clause
// The CUDA device: its context, and how kernels are launched on it.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include <tessera/cuda/engine.hpp>
#include <tessera/cuda/precision.hpp>
#include <tessera/tensor/context.hpp>

namespace tessera::inline TESSERA_ABI {

inline namespace TESSERA_CUDA_ABI {
/// An NVIDIA GPU.
struct Cuda {
  static constexpr const char* name = "cuda";
};
}  // namespace TESSERA_CUDA_ABI

using cuda::Convolutions;
using cuda::Precision;

namespace cuda::inline TESSERA_CUDA_ABI {
/// The calling thread's engine of a GPU; it lives as long as a context refers to it.
inline std::shared_ptr<Engine> engine_of(int number) {
  thread_local std::weak_ptr<Engine> engines[16];
  if (number < 0 || number >= 16)
    throw ArgumentError(text({"GPU number ", number, ": expected 0 to 15"}));
  std::shared_ptr<Engine> engine = engines[number].lock();
  if (!engine) engines[number] = engine = std::make_shared<Engine>(number);
  return engine;
}
}  // namespace cuda

/// Execution on a GPU: the thread's stream there, how exact products are, and which library
/// computes convolutions.
///
/// Errors     DeviceError where the GPU, or cuDNN if it is demanded, cannot be used: it says why
template <>
struct Context<Cuda> {
  Precision precision = Precision::float32;
  Convolutions convolutions = Convolutions::fastest;

  Context() : Context(0) {}
  explicit Context(int gpu, Precision products = Precision::float32,
                   Convolutions convolutions_by = Convolutions::fastest)
      : precision(products), convolutions(convolutions_by), engine_(cuda::engine_of(gpu)) {
    engine_->convolutions().demand(convolutions, precision);
  }
  /// The first GPU in float32.
  static Context standard() { return {}; }

  /// "cuda, NVIDIA H200, products in float32, convolutions by Tessera's own kernels"
  std::string describe() const {
    return text({"cuda, ", engine_->device().name, ", products in ", name(precision),
                 ", convolutions by ", engine_->convolutions().describe(convolutions, precision)});
  }
  /// What the calling thread works with beside the thread of this context: the same GPU, precision
  /// and convolutions.
  Context for_other_thread() const {
    return Context(engine_->device().number, precision, convolutions);
  }
  /// Whether it can read what that one made, and where that lies: a GPU's number.
  bool shares_memory_with(const Context& other) const {
    return engine_->device().number == other.engine_->device().number;
  }
  std::string place() const { return text({"GPU ", engine_->device().number}); }
  /// Where work of the host runs beside that of the GPU.
  static Context<Cpu> host() { return Context<Cpu>::all_cores(); }
  /// Errors: DeviceError in another thread than the one that made the context
  cuda::Engine& engine() const {
    if (thread_ != std::this_thread::get_id())
      throw DeviceError("a context of a GPU belongs to the thread that made it: make one here");
    cuda::runtime::activate(engine_->device().number);
    return *engine_;
  }

 private:
  std::shared_ptr<cuda::Engine> engine_;
  std::thread::id thread_ = std::this_thread::get_id();
};

namespace cuda::inline TESSERA_CUDA_ABI {

/// Scratch memory for `count` elements, see Engine::scratch.
template <class T>
T* scratch(const Context<Cuda>& context, long count) {
  return reinterpret_cast<T*>(
      context.engine().scratch(static_cast<std::size_t>(count) * sizeof(T)));
}

/// Launches a kernel with one thread for each of `count` elements, and more elements a thread where
/// these would be very many: the kernel loops over the grid.
template <class K, class... A>
void launch_each(const Context<Cuda>& context, const K& kernel, long count, const A&... arguments) {
  constexpr long threads = 256, most = 1 << 16;
  if (count <= 0) return;
  const long blocks = (count + threads - 1) / threads;
  context.engine().launch(kernel, {static_cast<unsigned>(blocks < most ? blocks : most), 1, 1},
                          {threads, 1, 1}, 0, arguments...);
}

}  // namespace cuda
}  // namespace tessera
