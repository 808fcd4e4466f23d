// SPDX-License-Identifier: BSD-3-Clause
// Where a device's numbers lie, and how they get there and back.
#pragma once
#include <cstddef>
#include <cstring>

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/context.hpp>

namespace tessera::inline TESSERA_ABI {

/// Memory of a device: a type of buffer, and copies between it and the host's.
template <class Device>
struct Memory;

template <>
struct Memory<Cpu> {
  static constexpr bool on_host = true;
  template <class T>
  using Buffer = tessera::Buffer<T>;

  template <class T>
  static Buffer<T> make(const Context<Cpu>&, std::size_t size) {
    return Buffer<T>(size);
  }
  static void fill(const Context<Cpu>&, void* memory, int byte, std::size_t bytes) {
    if (bytes) std::memset(memory, byte, bytes);
  }
  /// Within the device's memory.
  static void copy(const Context<Cpu>&, void* to, const void* from, std::size_t bytes) {
    if (bytes) std::memcpy(to, from, bytes);
  }
  static void to_device(const Context<Cpu>&, void* to, const void* from, std::size_t bytes) {
    if (bytes) std::memcpy(to, from, bytes);
  }
  static void to_host(const Context<Cpu>&, void* to, const void* from, std::size_t bytes) {
    if (bytes) std::memcpy(to, from, bytes);
  }
};

}  // namespace tessera
