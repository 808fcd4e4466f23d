// SPDX-License-Identifier: BSD-3-Clause
// Work of a device that is the same every time, such as a training step.
#pragma once

#include <tessera/tensor/context.hpp>

namespace tessera::inline TESSERA_ABI {

/// Does a piece of device work again and again. On the CPU it calls it; on a GPU it records the
/// work once and repeats the record, which costs the host one launch.
///
/// Rule       the work is the same each time: same memory, same sizes; what changes is read from
///            memory. `reset` when something else changes
template <class Device>
class Repeated;

template <>
class Repeated<Cpu> {
 public:
  template <class Work>
  void operator()(const Context<Cpu>&, const Work& work) {
    work();
  }
  void reset() {}
};

}  // namespace tessera
