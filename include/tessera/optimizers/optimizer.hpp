// SPDX-License-Identifier: BSD-3-Clause
// An optimiser at work on a model: its buffers, its step count, and the ranges of parameters that
// are not frozen.
#pragma once
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <tessera/kernels/reduce.hpp>
#include <tessera/network/model.hpp>
#include <tessera/optimizers/algorithms.hpp>
#include <tessera/optimizers/step_settings.hpp>

namespace tessera {

/// An algorithm's settings as a text, from its `std::string describe() const`: what a checkpoint
/// compares.
template <class Algorithm>
std::string describe_algorithm(const Algorithm& algorithm) {
  if constexpr (requires { std::string(algorithm.describe()); }) return algorithm.describe();
  else return "an optimiser";
}

/// Updates a model's parameters from its gradients by `Algorithm` (Adam, Sgd, one made by
/// TESSERA_OPTIMIZER, or a type with a step of its own).
/// Frozen layers keep their parameters, whatever momentum or weight decay say. The model must
/// outlive the optimiser.
///
/// Steps      step() is prepare_step(), the host's part, and launch_step(), the device's. A GPU may
///            repeat the second as a graph: it reads what the last prepare_step() has uploaded, and
///            the parameters that were frozen when it was recorded stay so
template <class ModelType, class Algorithm>
class Optimizer {
 public:
  using T = typename ModelType::Scalar;
  using Device = typename ModelType::DeviceType;
  static constexpr bool on_host = Memory<Device>::on_host;
  /// A factor on the gradients: known to the host, or to the GPU alone.
  using Scale = std::conditional_t<on_host, double, DeviceNumber>;

  Optimizer(ModelType& model, Algorithm algorithm)
      : model_(&model), algorithm_(std::move(algorithm)), settings_(model.context()) {
    for (int b = 0; b < Algorithm::buffers; ++b)
      buffers_.push_back(Memory<Device>::template make<T>(model.context(), size()));
    if constexpr (on_host) scratch_ = Buffer<std::byte>(kernels::reduce_workspace(size()));
  }

  /// L2 norm of all gradients together; waits for a GPU.
  double gradient_norm() {
    if constexpr (on_host)
      return std::sqrt(
          kernels::sum_of_squares(model_->context(), gradients(), size(), scratch_.data()));
    else return std::sqrt(kernels::sum_of_squares(model_->context(), gradients(), size()).value());
  }
  /// Factor that brings the gradients' norm down to at most max_norm: PyTorch's clip_grad_norm_.
  Scale clip_scale(double max_norm) {
    if constexpr (on_host) {
      const double scale = max_norm / (gradient_norm() + 1e-6);
      return scale < 1 ? scale : 1;
    } else {
      return kernels::clip_scale(model_->context(), gradients(), size(), max_norm);
    }
  }

  /// One step with learning rate * factor; gradients are multiplied by gradient_scale first
  /// (clipping).
  void step(double factor = 1, double gradient_scale = 1) {
    prepare_step(factor);
    launch_step(gradient_scale);
  }
  void step(double factor, const DeviceNumber& gradient_scale) requires(!on_host) {
    prepare_step(factor);
    launch_step(gradient_scale);
  }
  /// Counts the step and gives its settings to the device.
  void prepare_step(double factor = 1) {
    settings_.put(model_->context(), algorithm_, ++steps_, factor);
  }
  /// The update with the settings of the last prepare_step().
  void launch_step(double gradient_scale = 1) {
    if constexpr (on_host) update(gradient_scale);
    else if (gradient_scale == 1) update(nullptr);
    else update(kernels::number(model_->context(), gradient_scale).data);
  }
  void launch_step(const DeviceNumber& gradient_scale) requires(!on_host) {
    update(kernels::number(model_->context(), gradient_scale).data);
  }
  /// From now on a step updates nothing where *gate is 0 on the GPU; null: it always updates.
  void set_gate(const int* gate) requires(!on_host) { settings_.set_gate(gate); }

  const Algorithm& algorithm() const { return algorithm_; }
  Algorithm& algorithm() { return algorithm_; }
  /// Steps so far, and the buffers laid out as the parameters: what a checkpoint stores. On a GPU
  /// the buffers are copied.
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }
  std::span<T> buffer(std::size_t b) requires(on_host) { return buffers_[b].span(); }
  std::vector<T> read_buffer(std::size_t b) const {
    std::vector<T> values(buffers_[b].size());
    Memory<Device>::to_host(model_->context(), values.data(), buffers_[b].data(),
                            values.size() * sizeof(T));
    return values;
  }
  /// Errors: ArgumentError where the number of values is not the buffer's
  void write_buffer(std::size_t b, std::span<const T> values) {
    if (values.size() != buffers_[b].size())
      throw ArgumentError(text({"buffer ", b, " of the optimiser has ", buffers_[b].size(),
                                " elements, got ", values.size()}));
    Memory<Device>::to_device(model_->context(), buffers_[b].data(), values.data(),
                              values.size_bytes());
  }

 private:
  using Numbers = typename Memory<Device>::template Buffer<T>;

  std::size_t size() const { return model_->state().trained.size(); }
  const T* gradients() const { return model_->state().gradients.data(); }

  /// The step for all ranges between frozen tensors.
  template <class S>
  void update(S gradient_scale) {
    const Structure& s = ModelType::structure();
    const auto& frozen = model_->state().frozen;
    std::int64_t begin = 0;
    for (const TensorInfo& t :
         s.tensors) {  // offsets ascend: merge what lies between frozen tensors
      if (t.parameter.role != Role::trained || !frozen[static_cast<std::size_t>(t.operation)])
        continue;
      update(begin, t.offset, gradient_scale);
      begin = t.offset + stored_size(t.parameter);
    }
    update(begin, s.trained, gradient_scale);
  }
  template <class S>
  void update(std::int64_t begin, std::int64_t end, S gradient_scale) {
    if (begin >= end) return;
    std::array<T*, Algorithm::buffers> places{};  // a step allocates nothing
    for (std::size_t b = 0; b < places.size(); ++b) places[b] = buffers_[b].data() + begin;
    const ParameterRange<T> range{static_cast<std::size_t>(end - begin),
                                  model_->state().trained.data() + begin, gradients() + begin,
                                  places.data()};
    settings_.launch(model_->context(), algorithm_, range, gradient_scale);
  }

  ModelType* model_;
  Algorithm algorithm_;
  StepSettings<Device, Algorithm> settings_;
  std::vector<Numbers> buffers_;
  Buffer<std::byte> scratch_;  // of the CPU's norm
  std::int64_t steps_ = 0;
};

}  // namespace tessera
