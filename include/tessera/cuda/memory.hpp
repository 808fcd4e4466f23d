// SPDX-License-Identifier: BSD-3-Clause
// Numbers in a GPU's memory.
#pragma once
#include <cstddef>

#include <tessera/cuda/context.hpp>
#include <tessera/tensor/memory.hpp>

namespace tessera::inline TESSERA_ABI {

/// `size` elements in a GPU's memory, zero when made. The host must not read what data() points to.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(const Context<Cuda>& context, std::size_t size)
      : memory_((context.engine(), size * sizeof(T))), size_(size) {  // on the context's GPU
    context.engine().clear(memory_);
  }
  T* data() const { return reinterpret_cast<T*>(memory_.data()); }
  std::size_t size() const { return size_; }

 private:
  cuda::Allocation memory_;
  std::size_t size_ = 0;
};

template <>
struct Memory<Cuda> {
  static constexpr bool on_host = false;
  template <class T>
  using Buffer = DeviceBuffer<T>;

  template <class T>
  static DeviceBuffer<T> make(const Context<Cuda>& context, std::size_t size) {
    return {context, size};
  }
  static void fill(const Context<Cuda>& context, void* memory, int byte, std::size_t bytes) {
    context.engine().fill(memory, byte, bytes);
  }
  static void copy(const Context<Cuda>& context, void* to, const void* from, std::size_t bytes) {
    context.engine().copy(to, from, bytes);
  }
  static void to_device(const Context<Cuda>& context, void* to, const void* from,
                        std::size_t bytes) {
    context.engine().copy(to, from, bytes);
    context.engine().synchronize();  // the host's memory may go
  }
  static void to_host(const Context<Cuda>& context, void* to, const void* from, std::size_t bytes) {
    context.engine().read(to, from, bytes);
  }
};

}  // namespace tessera
