// SPDX-License-Identifier: BSD-3-Clause
// What a layer's forward and backward are called with: views of its inputs, output, gradients and
// state.
#pragma once
#include <cstddef>
#include <cstdint>

#include <tessera/layers/complaint.hpp>
#include <tessera/layers/parameter.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera {

/// Whether batch statistics and dropout are at work.
enum class Mode : std::uint8_t { train, evaluate };

/// One tensor of a layer's state, or its gradient; no data means "not wanted".
template <class T>
struct ParameterView {
  T* data = nullptr;
  Dims dims{};

  constexpr explicit operator bool() const { return data != nullptr; }
  constexpr std::int64_t size() const { return dims.count(); }
  constexpr T& operator[](std::int64_t i) const { return data[i]; }
  /// The same memory as a one-dimensional xtensor expression; needs <tessera/tensor/xtensor.hpp>.
  template <class Self = ParameterView>
  auto xt() const {
    return as_xtensor(static_cast<const Self&>(*this));
  }
};

/// The call of one operation. Contract: forward writes y (and y_valid if the layer makes masks);
/// backward assigns (=) every dx that is not empty, and adds (+=) to every gradient that is not
/// empty. An empty view means "not wanted".
template <class Device, class T = float>
struct Run {
  static constexpr int max_state = 24;

  const Context<Device>& context() const { return *context_; }
  int batch() const { return batch_; }

  const View<const T>& x(int i = 0) const { return x_[i]; }
  const View<T>& y() const { return y_; }
  const View<const T>& dy() const { return dy_; }
  const View<T>& dx(int i = 0) const { return dx_[i]; }

  const ValidView& x_valid(int i = 0) const { return x_valid_[i]; }
  const MutableValidView& y_valid() const { return y_valid_; }

  /// Tensor i of the layer's parameter list (trained or statistic), and its gradient (trained
  /// only).
  ParameterView<T> parameter(int i) const { return parameter_[i]; }
  ParameterView<T> gradient(int i) const { return gradient_[i]; }
  /// Tensor i of the list where it is a counter.
  std::int64_t* counter(int i) const { return counter_[i]; }

  /// What `saved` asked for: batch * per_sample elements, then per_batch elements.
  T* saved() const { return saved_; }
  std::byte* workspace() const { return workspace_; }

  /// Whether batch statistics are to be used and updated (training mode, statistics not frozen).
  bool batch_statistics() const { return batch_statistics_; }
  bool training() const { return training_; }
  /// For layers that take the activation behind them: y is to go through v > 0 ? v : slope * v, or
  /// through ReLU where the slope is 0, and dy is the gradient behind it. Below 0: none.
  double negative_slope() const { return negative_slope_; }
  /// For layers that are random in training.
  const RandomBlocks& random() const { return random_; }

  // Filled by the pass.
  const Context<Device>* context_ = nullptr;
  int batch_ = 0;
  View<const T> x_[InputShapes::max_count]{};
  View<T> y_{};
  View<const T> dy_{};
  View<T> dx_[InputShapes::max_count]{};
  ValidView x_valid_[InputShapes::max_count]{};
  MutableValidView y_valid_{};
  ParameterView<T> parameter_[max_state]{};
  ParameterView<T> gradient_[max_state]{};
  std::int64_t* counter_[max_state]{};
  T* saved_ = nullptr;
  std::byte* workspace_ = nullptr;
  RandomBlocks random_{};
  bool training_ = false, batch_statistics_ = false;
  double negative_slope_ = -1;
};

}  // namespace tessera
