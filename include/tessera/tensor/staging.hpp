// SPDX-License-Identifier: BSD-3-Clause
// Batches on their way from the host to a device.
#pragma once
#include <cstddef>

#include <tessera/tensor/context.hpp>

namespace tessera::inline TESSERA_ABI {

/// Brings the numbers of a batch to the device while it works on the one before.
///
/// Use        begin(bytes); add each array; send(); put the work that reads them into the device's
///            order; done()
template <class Device>
class Staging;

/// On the CPU an array stays where it is.
template <>
class Staging<Cpu> {
 public:
  explicit Staging(const Context<Cpu>&) {}
  void begin(std::size_t) {}
  template <class T>
  const T* add(const T* host, std::size_t) {
    return host;
  }
  void send() {}
  void done() {}
};

}  // namespace tessera
