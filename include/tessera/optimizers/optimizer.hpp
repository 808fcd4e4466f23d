// SPDX-License-Identifier: BSD-3-Clause
// An optimiser at work on a model: its buffers, its step count, and the ranges of parameters that
// are not frozen.
#pragma once
#include <cmath>
#include <string>
#include <vector>

#include <tessera/kernels/cpu/reduce.hpp>
#include <tessera/network/model.hpp>
#include <tessera/optimizers/algorithms.hpp>

namespace tessera {

/// An algorithm's settings as a text, from its `std::string describe() const`: what a checkpoint
/// compares.
template <class Algorithm>
std::string describe_algorithm(const Algorithm& algorithm) {
  if constexpr (requires { std::string(algorithm.describe()); }) return algorithm.describe();
  else return "an optimiser";
}

/// Updates a model's parameters from its gradients by `Algorithm` (Adam, Sgd, or a type like them).
/// Frozen layers keep their parameters, whatever momentum or weight decay say. The model must
/// outlive the optimiser.
template <class ModelType, class Algorithm>
class Optimizer {
 public:
  using T = typename ModelType::Scalar;

  Optimizer(ModelType& model, Algorithm algorithm)
      : model_(&model), algorithm_(std::move(algorithm)) {
    for (int b = 0; b < Algorithm::buffers; ++b) buffers_.emplace_back(model.parameters().size());
    scratch_ = Buffer<std::byte>(kernels::reduce_workspace(model.gradients().size()));
  }

  /// L2 norm of all gradients together.
  double gradient_norm() {
    const auto g = model_->gradients();
    return std::sqrt(kernels::sum_of_squares(model_->context(), static_cast<const T*>(g.data()),
                                             g.size(), scratch_.data()));
  }
  /// Factor that brings the gradients' norm down to at most max_norm: PyTorch's clip_grad_norm_.
  double clip_scale(double max_norm) {
    const double scale = max_norm / (gradient_norm() + 1e-6);
    return scale < 1 ? scale : 1;
  }

  /// One step with learning rate * factor; gradients are multiplied by gradient_scale first
  /// (clipping).
  void step(double factor = 1, double gradient_scale = 1) {
    ++steps_;
    const Structure& s = ModelType::structure();
    const auto& frozen = model_->state().frozen;
    std::int64_t begin = 0;
    for (const TensorInfo& t :
         s.tensors) {  // offsets ascend: merge what lies between frozen tensors
      if (t.parameter.role != Role::trained || !frozen[static_cast<std::size_t>(t.operation)])
        continue;
      update(begin, t.offset, factor, gradient_scale);
      begin = t.offset + (t.parameter.dims.count() + tensor_alignment - 1) / tensor_alignment *
                             tensor_alignment;
    }
    update(begin, s.trained, factor, gradient_scale);
  }

  const Algorithm& algorithm() const { return algorithm_; }
  Algorithm& algorithm() { return algorithm_; }
  /// Steps so far, and the buffers laid out as the parameters: what a checkpoint stores.
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }
  std::span<T> buffer(std::size_t b) { return buffers_[b].span(); }

 private:
  void update(std::int64_t begin, std::int64_t end, double factor, double gradient_scale) {
    if (begin >= end) return;
    ParameterRange<T> range{static_cast<std::size_t>(end - begin),
                            model_->parameters().data() + begin,
                            model_->gradients().data() + begin,
                            {nullptr, nullptr}};
    for (std::size_t b = 0; b < buffers_.size(); ++b) range.buffer[b] = buffers_[b].data() + begin;
    algorithm_.step(model_->context(), range, steps_, factor, gradient_scale);
  }

  ModelType* model_;
  Algorithm algorithm_;
  std::vector<Buffer<T>> buffers_;
  Buffer<std::byte> scratch_;
  std::int64_t steps_ = 0;
};

}  // namespace tessera
