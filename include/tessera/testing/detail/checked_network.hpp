// SPDX-License-Identifier: BSD-3-Clause
// A network with random numbers in its parameters, inputs and masks, which a check runs again and
// again: each time it starts alike.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tessera/network/model.hpp>
#include <tessera/tensor/tensor.hpp>
#include <tessera/testing/detail/differences.hpp>

namespace tessera::testing::detail {

template <class Net, class T>
class CheckedNetwork {
 public:
  /// `draw` gives the numbers of the inputs; they are valid but for `hole_share` of the pixels.
  template <class Draw>
  CheckedNetwork(RandomStream& random, Seed seed, const Context<Cpu>& context, PassOptions options,
                 double hole_share, const Draw& draw)
      : model_(seed, context) {
    options.input_gradients = options.poison_dead_buffers = true;
    pass_.emplace(model_.pass(options));
    for (T& w : model_.parameters())
      w += static_cast<T>(0.1 * random.normal());  // no zero bias, no unit gain
    for (int i = 0; i < Net::structure.inputs; ++i) {
      inputs_.push_back(Tensor<T>(options.batch, pass_->input(i).shape()));
      for (T& x : inputs_.back().span()) x = static_cast<T>(draw());
      valid_.push_back(
          std::vector<std::uint8_t>(static_cast<std::size_t>(pass_->input_valid(i).size())));
      for (auto& v : valid_.back()) v = random.uniform() >= hole_share;
    }
  }

  Model<Net, Cpu, T>& model() { return model_; }
  Pass<Cpu, T>& pass() { return *pass_; }
  std::span<T> input(std::size_t i = 0) { return inputs_[i].span(); }

  /// The statistics a training forward updates are put back, so that every evaluation starts alike.
  void forward() {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      std::copy(inputs_[i].span().begin(), inputs_[i].span().end(),
                pass_->input(static_cast<int>(i)).data);
      if (const auto v = pass_->input_valid(static_cast<int>(i)))
        std::copy(valid_[i].begin(), valid_[i].end(), v.data);
    }
    const std::vector<T> statistics(model_.statistics().begin(), model_.statistics().end());
    model_.state().training_passes = 0;  // dropout drops the same elements every time
    pass_->forward();
    std::copy(statistics.begin(), statistics.end(), model_.statistics().begin());
  }

  /// Takes the gradients of what `add` pulls on after a forward. Those of parameters start at 1,
  /// not 0: a layer that assigns instead of adding is found.
  template <class Add>
  void backward(const Add& add) {
    std::fill(model_.gradients().begin(), model_.gradients().end(), T(1));
    forward();
    pass_->zero_gradients();
    add(*pass_);
    pass_->backward();
    gradients_.assign(model_.gradients().begin(), model_.gradients().end());
    for (T& g : gradients_) g -= T(1);
    input_gradients_.clear();
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const View<const T> g = pass_->input_gradient(static_cast<int>(i));
      input_gradients_.push_back(Tensor<T>(g.batch, g.shape()));
      for (std::ptrdiff_t p = 0; p < g.pixels(); ++p)
        std::copy_n(g.pixel(p), g.channels, input_gradients_[i].view().pixel(p));
    }
  }

  /// Compares them with differences of value(). `named` may change what a tensor is called.
  template <class Value, class Named>
  void compare(const Value& value, const DifferenceOptions& options, GradientReport& report,
               const Named& named) {
    for (const TensorInfo& t : Net::structure.tensors) {
      if (t.parameter.role != Role::trained) continue;
      const auto count = static_cast<std::size_t>(t.parameter.dims.count());
      compare_with_differences(named(name_of(Net::structure, t)),
                               std::span<T>(model_.parameters().data() + t.offset, count),
                               std::span<const T>(gradients_.data() + t.offset, count), value,
                               options, report);
    }
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      compare_with_differences(named("input " + std::to_string(i)), inputs_[i].span(),
                               std::span<const T>(input_gradients_[i].span()), value, options,
                               report);
  }

 private:
  Model<Net, Cpu, T> model_;
  std::optional<Pass<Cpu, T>> pass_;
  std::vector<Tensor<T>> inputs_, input_gradients_;
  std::vector<std::vector<std::uint8_t>> valid_;
  std::vector<T> gradients_;
};

}  // namespace tessera::testing::detail
