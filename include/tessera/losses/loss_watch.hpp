// SPDX-License-Identifier: BSD-3-Clause
// Watches the losses of training steps: whether they are finite, and their sums.
#pragma once
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/kernels/loss_monitor.hpp>
#include <tessera/losses/loss.hpp>
#include <tessera/tensor/finite.hpp>
#include <tessera/tensor/memory.hpp>

namespace tessera {

/// Sums of loss terms by name; "loss" is the weighted total.
using LossSums = std::vector<std::pair<std::string, double>>;

namespace detail {

inline void add_sum(LossSums& sums, std::string_view name, double value) {
  for (auto& [n, sum] : sums)
    if (n == name) {
      sum += value;
      return;
    }
  sums.emplace_back(name, value);
}

}  // namespace detail

/// Notes the losses of steps. A step is called `note` in behind its loss; where that gives false,
/// or *gate() is 0 on the GPU, the loss is not finite and the step must not update anything.
/// `collect` tells what was noted since the last call, and opens the gate again; on a GPU it waits.
template <class Device>
class LossWatch {
 public:
  struct Collected {
    bool finite = true;
    int steps = 0;     // whose loss was finite
    double total = 0;  // of the last step
  };

  explicit LossWatch(const Context<Device>& context) : context_(context) {
    if constexpr (!on_host) {
      monitor_ = Memory<Device>::template make<kernels::LossMonitor>(context, 1);
      restart();
    }
  }

  bool note(const LossTerms& terms) {
    terms_ = terms;
    if constexpr (on_host) {
      noted_ = true;
      return is_finite(terms.total());
    } else {
      kernels::LossValues values;
      for (const auto& term : terms.unread()) {
        const int i = values.count++;
        const DeviceNumber& pending = terms.pending(i);
        values.value[i] = pending.data;
        values.factor[i] = pending.data ? pending.factor : term.value;
        values.weight[i] = terms.weight(i);
      }
      kernels::note_losses(context_, values, monitor_.data());
      return true;
    }
  }
  /// On the GPU: 0 from the first step on whose loss was not finite.
  const int* gate() const {
    if constexpr (on_host) return nullptr;
    else return &monitor_.data()->gate;
  }

  Collected collect(LossSums& sums) {
    if constexpr (on_host) {
      if (!std::exchange(noted_, false)) return {};
      detail::add_sum(sums, "loss", terms_.total());
      for (const auto& term : terms_.terms()) detail::add_sum(sums, term.name, term.value);
      const bool finite = is_finite(terms_.total());
      return {finite, finite, terms_.total()};
    } else {
      kernels::LossMonitor seen;
      Memory<Device>::to_host(context_, &seen, monitor_.data(), sizeof seen);
      if (seen.steps > 0) {
        detail::add_sum(sums, "loss", seen.sum);
        int i = 0;
        for (const auto& term : terms_.unread()) detail::add_sum(sums, term.name, seen.sums[i++]);
      }
      restart();
      return {seen.gate == 1, seen.steps, seen.total};
    }
  }

 private:
  static constexpr bool on_host = Memory<Device>::on_host;
  void restart() {
    const kernels::LossMonitor start;
    Memory<Device>::to_device(context_, monitor_.data(), &start, sizeof start);
  }

  Context<Device> context_;
  LossTerms terms_;  // of the last step; on a GPU their names
  bool noted_ = false;
  typename Memory<Device>::template Buffer<kernels::LossMonitor> monitor_;
};

}  // namespace tessera
