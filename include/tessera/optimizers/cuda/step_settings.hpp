// SPDX-License-Identifier: BSD-3-Clause
// The settings of an optimiser's step in a GPU's memory: a step that is repeated as a graph reads
// those of its time.
#pragma once
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include <tessera/cuda/memory.hpp>
#include <tessera/optimizers/step_settings.hpp>

namespace tessera {

inline namespace TESSERA_ABI {
namespace cuda::inline TESSERA_CUDA_ABI {

/// One value that the host renews and kernels read, in the stream's order. The host does not wait:
/// it writes into one of some slots that copies are made from, and only where it is so far ahead
/// that a slot's last copy has not been made yet, waits for that one.
template <class Value>
class Uploaded {
  static_assert(std::is_trivially_copyable_v<Value>);

 public:
  explicit Uploaded(const Context<Cuda>& context) : device_(context, 1) {
    runtime::activate(context.engine().device().number);
    slots_ = static_cast<Value*>(runtime::allocate_pinned(count * sizeof(Value)));
  }
  Uploaded(const Uploaded&) = delete;
  Uploaded& operator=(const Uploaded&) = delete;
  ~Uploaded() {
    for (runtime::Event& copied : copied_) copied.wait_quietly();
    runtime::release_pinned(slots_);
  }

  void put(const Context<Cuda>& context, const Value& value) {
    next_ = (next_ + 1) % count;
    copied_[next_].wait();
    std::memcpy(slots_ + next_, &value, sizeof value);
    context.engine().copy(device_.data(), slots_ + next_, sizeof value);
    copied_[next_].record(context.engine().stream());
  }
  const Value* data() const { return device_.data(); }

 private:
  static constexpr int count = 16;
  DeviceBuffer<Value> device_;
  Value* slots_ = nullptr;
  runtime::Event copied_[count];
  int next_ = 0;
};

}  // namespace cuda
}  // namespace TESSERA_ABI

template <class Algorithm>
class StepSettings<Cuda, Algorithm> {
  static_assert(
      OptimizerText<Algorithm> || requires(const Algorithm& a) { a.settings(std::int64_t{1}, 1.0); },
      "tessera: on a GPU an optimiser is made by TESSERA_OPTIMIZER, or needs `auto "
      "settings(std::int64_t t, double factor) const` and `launch`");
  /// What one step reads.
  static auto settings(const Algorithm& algorithm, std::int64_t t, double factor) {
    if constexpr (OptimizerText<Algorithm>) return step_of(algorithm, t, factor);
    else return algorithm.settings(t, factor);
  }
  using Settings = decltype(settings(std::declval<const Algorithm&>(), std::int64_t{1}, 1.0));

 public:
  explicit StepSettings(const Context<Cuda>& context)
      : settings_(std::make_unique<cuda::Uploaded<Settings>>(context)) {}

  void put(const Context<Cuda>& context, const Algorithm& algorithm, std::int64_t t,
           double factor) {
    settings_->put(context, settings(algorithm, t, factor));
  }
  /// `scale`: on the GPU, null = 1.
  template <class T>
  void launch(const Context<Cuda>& context, const Algorithm& algorithm,
              const ParameterRange<T>& range, const double* scale) const {
    if constexpr (OptimizerText<Algorithm>)
      kernels::optimizer_step(context, range.size, range.parameters, range.gradients, range.buffer,
                              settings_->data(), scale, gate_);
    else algorithm.launch(context, range, settings_->data(), scale, gate_);
  }
  void set_gate(const int* gate) { gate_ = gate; }

 private:
  std::unique_ptr<cuda::Uploaded<Settings>> settings_;
  const int* gate_ = nullptr;
};

}  // namespace tessera
