// SPDX-License-Identifier: BSD-3-Clause
// Batches on their way to a GPU: copied in a stream of their own, out of pinned memory, so that the
// copy runs beside the step before.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>

#include <tessera/cuda/memory.hpp>
#include <tessera/tensor/staging.hpp>

namespace tessera::inline TESSERA_ABI {

template <>
class Staging<Cuda> {
 public:
  explicit Staging(const Context<Cuda>& context) : context_((context.engine(), context)) {}
  ~Staging() {  // copies may still read the host's memory
    for (Slot& slot : slots_) slot.arrived.wait_quietly(), slot.read.wait_quietly();
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  /// Makes room for `bytes` and a little per array; waits where the batch before last is still
  /// read.
  void begin(std::size_t bytes) {
    context_.engine();  // makes its GPU the thread's, for what is allocated here
    current_ = 1 - current_;
    Slot& slot = slots_[current_];
    if (slot.sent) slot.read.wait();
    const std::size_t size = bytes + 8 * alignment;
    if (slot.device.size() < size) {
      Pinned host(static_cast<std::byte*>(cuda::runtime::allocate_pinned(size)));
      slot.device = cuda::Allocation(size);
      slot.host = std::move(host);
    }
    slot.used = 0;
  }
  /// Takes an array; returns where it will be on the GPU.
  template <class T>
  const T* add(const T* host, std::size_t count) {
    Slot& slot = slots_[current_];
    const std::size_t bytes = count * sizeof(T), at = slot.used;
    slot.used = (at + bytes + alignment - 1) / alignment * alignment;
    if (slot.used > slot.device.size())
      throw ArgumentError("staging: more numbers were added than begin() was told");
    std::memcpy(slot.host.get() + at, host, bytes);
    return reinterpret_cast<const T*>(slot.device.data() + at);
  }
  /// Starts the copy; what the context's stream does next waits for it.
  void send() {
    Slot& slot = slots_[current_];
    cuda::runtime::copy(slot.device.data(), slot.host.get(), slot.used, copies_);
    slot.arrived.record(copies_);
    cuda::runtime::wait(context_.engine().stream(), slot.arrived);
  }
  /// The work that reads the numbers is in the stream.
  void done() {
    Slot& slot = slots_[current_];
    slot.read.record(context_.engine().stream());
    slot.sent = true;
  }

 private:
  static constexpr std::size_t alignment = 256;
  struct Release {
    void operator()(std::byte* memory) const { cuda::runtime::release_pinned(memory); }
  };
  using Pinned = std::unique_ptr<std::byte, Release>;
  struct Slot {
    cuda::Allocation device;
    Pinned host;
    cuda::runtime::Event arrived, read;
    std::size_t used = 0;
    bool sent = false;
  };

  Context<Cuda> context_;
  cuda::runtime::Stream copies_;
  Slot slots_[2];
  int current_ = 0;
};

}  // namespace tessera
