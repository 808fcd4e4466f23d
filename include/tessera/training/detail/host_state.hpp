// SPDX-License-Identifier: BSD-3-Clause
// The numbers of a training run where files can read and write them: on the host.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include <tessera/optimizers/optimizer.hpp>
#include <tessera/training/detail/training_state.hpp>

namespace tessera {

/// A model's and its optimiser's numbers on the host. On the CPU they are the numbers themselves;
/// of a GPU they are copies: `fetch` before they are read, `store` after they were written.
template <class ModelType, class Algorithm>
class HostState {
 public:
  using T = typename ModelType::Scalar;

  HostState(ModelType& model, Optimizer<ModelType, Algorithm>& optimizer)
      : model_(model), optimizer_(optimizer) {}

  TrainingState fetch() {
    std::vector<std::span<T>> buffers;
    if constexpr (ModelType::on_host) {
      for (std::size_t b = 0; b < Algorithm::buffers; ++b) buffers.push_back(optimizer_.buffer(b));
      return detail::training_state(ModelType::structure(), model_.state(), buffers);
    } else {
      if (!state_) state_ = std::make_unique<State<T>>(ModelType::structure());
      copy_state(model_.context(), model_.state(), *state_);
      buffers_.resize(Algorithm::buffers);
      for (std::size_t b = 0; b < Algorithm::buffers; ++b) {
        buffers_[b] = optimizer_.read_buffer(b);
        buffers.push_back(buffers_[b]);
      }
      return detail::training_state(ModelType::structure(), *state_, buffers);
    }
  }
  /// After `fetch`.
  void store() {
    if constexpr (!ModelType::on_host) {
      copy_state(model_.context(), *state_, model_.state());
      for (std::size_t b = 0; b < Algorithm::buffers; ++b) optimizer_.write_buffer(b, buffers_[b]);
    }
  }

 private:
  ModelType& model_;
  Optimizer<ModelType, Algorithm>& optimizer_;
  std::unique_ptr<State<T>> state_;
  std::vector<std::vector<T>> buffers_;
};

}  // namespace tessera
