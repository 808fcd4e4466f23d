// SPDX-License-Identifier: BSD-3-Clause
// What training forwards change of a model before the loss is known: running statistics, counters
// and the number of forwards. An attempt keeps them, and gives them back unless it is accepted.
#pragma once
#include <cstdint>

#include <tessera/kernels/loss_monitor.hpp>
#include <tessera/network/state.hpp>

namespace tessera {

/// A copy of what forwards change, in memory of its own on the model's device.
template <class T, class Device>
class KeptState {
 public:
  KeptState(State<T, Device>& state, const Context<Device>& context)
      : state_(&state),
        context_(context),
        statistics_(Memory<Device>::template make<T>(context, state.statistics.size())),
        counters_(Memory<Device>::template make<std::int64_t>(context, state.counters.size())),
        passes_(Memory<Device>::template make<std::uint64_t>(context, 1)) {}

  void keep() {
    each([&](auto* kept, auto* now, std::size_t bytes) {
      Memory<Device>::copy(context_, kept, now, bytes);
    });
  }
  void give_back() {
    each([&](auto* kept, auto* now, std::size_t bytes) {
      Memory<Device>::copy(context_, now, kept, bytes);
    });
  }
  /// Gives back where *gate is 0 on the GPU.
  void give_back_if_closed(const int* gate) requires(!Memory<Device>::on_host) {
    kernels::GatedCopies copies;
    each([&](auto* kept, auto* now, std::size_t bytes) { copies.add(kept, now, bytes); });
    kernels::copy_if_closed(context_, copies, gate);
  }

 private:
  template <class F>
  void each(const F& f) {
    f(statistics_.data(), state_->statistics.data(), statistics_.size() * sizeof(T));
    f(counters_.data(), state_->counters.data(), counters_.size() * sizeof(std::int64_t));
    f(passes_.data(), state_->passes(), sizeof(std::uint64_t));
  }

  State<T, Device>* state_;
  Context<Device> context_;
  typename Memory<Device>::template Buffer<T> statistics_;
  typename Memory<Device>::template Buffer<std::int64_t> counters_;
  typename Memory<Device>::template Buffer<std::uint64_t> passes_;
};

/// Forwards that count only once they are accepted; an exception refuses them too.
template <class T, class Device>
class Attempt {
 public:
  explicit Attempt(KeptState<T, Device>& kept) : kept_(kept) { kept_.keep(); }
  ~Attempt() {
    if (accepted_) return;
    try {
      kept_.give_back();
    } catch (...) {  // a GPU that failed: the error on its way says so
    }
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  /// With a gate (a GPU's) the forwards count where *gate is 1 by then.
  void accept(const int* gate = nullptr) {
    accepted_ = true;
    if constexpr (!Memory<Device>::on_host)
      if (gate) kept_.give_back_if_closed(gate);
  }

 private:
  KeptState<T, Device>& kept_;
  bool accepted_ = false;
};

}  // namespace tessera
