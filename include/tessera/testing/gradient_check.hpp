// SPDX-License-Identifier: BSD-3-Clause
// Compares the gradients a network computes with central differences of its output, in double: the
// first test of every layer, the library's and the user's.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include <tessera/network/model.hpp>
#include <tessera/tensor/tensor.hpp>
#include <tessera/testing/detail/check_report.hpp>

namespace tessera::testing {

struct GradientCheckOptions {
  int batch = 2;
  Seed seed{1};
  int entries = 64;         // of each tensor that are perturbed; all where it has fewer
  double tolerance = 1e-6;  // |analytic - numeric| over the scale of the tensor's gradients
  double hole_share = 0.3;  // of masked inputs
  Mode mode = Mode::train;
  std::vector<Shape> inputs{};  // sizes other than the declared ones
};

/// What a gradient check found: the worst entry, and where.
struct GradientCheckReport : CheckReport {
  double analytic = 0, numeric = 0;
  bool in_double =
      true;  // false: a layer is written for float alone, and the check is as coarse as float

  std::string text() const {
    char line[256];
    std::snprintf(line, sizeof line,
                  "%s in %s: %d entries, worst error %.2e (tolerance %.0e) at %s[%lld]: gradient "
                  "%.9g, difference %.9g",
                  passed() ? "passed" : "FAILED", in_double ? "double" : "float", checked,
                  worst_error, tolerance, worst_tensor.c_str(), static_cast<long long>(worst_index),
                  analytic, numeric);
    return line;
  }
};

namespace detail {

template <class Net, class T>
class GradientCheck {
 public:
  explicit GradientCheck(const GradientCheckOptions& options)
      : options_(options),
        step_(std::is_same_v<T, double> ? 1e-5 : 1e-2),
        model_(options.seed, Context<Cpu>{1}),
        pass_(model_.pass({.batch = options.batch,
                           .mode = options.mode,
                           .input_gradients = true,
                           .inputs = options.inputs,
                           .poison_dead_buffers = true})) {
    report_.in_double = std::is_same_v<T, double>;
    report_.tolerance = report_.in_double ? options.tolerance : std::max(options.tolerance, 2e-2);
  }

  GradientCheckReport run() {
    RandomStream random(options_.seed, 0x636865636Bu);
    for (T& w : model_.parameters())
      w += static_cast<T>(0.1 * random.normal());  // no zero bias, no unit gain
    for (int i = 0; i < Net::structure.inputs; ++i) {
      inputs_.push_back(Tensor<T>(options_.batch, pass_.input(i).shape()));
      for (T& x : inputs_.back().span()) x = static_cast<T>(random.normal());
      valid_.push_back(
          std::vector<std::uint8_t>(static_cast<std::size_t>(pass_.input_valid(i).size())));
      for (auto& v : valid_.back()) v = random.uniform() >= options_.hole_share;
    }
    probe_ = Tensor<T>(options_.batch, pass_.output().shape());
    for (T& p : probe_.span()) p = static_cast<T>(random.normal());
    analytic();
    for (const TensorInfo& t : Net::structure.tensors)
      if (t.parameter.role == Role::trained)
        compare(name_of(Net::structure, t),
                {model_.parameters().data() + t.offset,
                 static_cast<std::size_t>(t.parameter.dims.count())},
                {gradients_.data() + t.offset, static_cast<std::size_t>(t.parameter.dims.count())});
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      compare("input " + std::to_string(i), inputs_[i].span(), input_gradients_[i].span());
    return report_;
  }

 private:
  /// The statistics a training forward updates are put back, so that every evaluation starts alike.
  double loss() {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      std::copy(inputs_[i].span().begin(), inputs_[i].span().end(),
                pass_.input(static_cast<int>(i)).data);
      if (const auto v = pass_.input_valid(static_cast<int>(i)))
        std::copy(valid_[i].begin(), valid_[i].end(), v.data);
    }
    const std::vector<T> statistics(model_.statistics().begin(), model_.statistics().end());
    model_.state().training_passes = 0;  // dropout drops the same elements every time
    pass_.forward();
    std::copy(statistics.begin(), statistics.end(), model_.statistics().begin());
    const View<const T> y = pass_.output();
    double sum = 0;
    for (std::ptrdiff_t p = 0; p < y.pixels(); ++p)
      for (int c = 0; c < y.channels; ++c)
        sum += static_cast<double>(y.pixel(p)[c]) * static_cast<double>(probe_.view().pixel(p)[c]);
    return sum;
  }
  /// Parameter gradients start at 1, not 0: a layer that assigns instead of adding is found.
  void analytic() {
    std::fill(model_.gradients().begin(), model_.gradients().end(), T(1));
    loss();
    pass_.zero_gradients();
    kernels::add_into(model_.context(), std::as_const(probe_).view(), pass_.output_gradient());
    pass_.backward();
    gradients_.assign(model_.gradients().begin(), model_.gradients().end());
    for (T& g : gradients_) g -= T(1);
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const View<const T> g = pass_.input_gradient(static_cast<int>(i));
      input_gradients_.push_back(Tensor<T>(options_.batch, g.shape()));
      for (std::ptrdiff_t p = 0; p < g.pixels(); ++p)
        std::copy_n(g.pixel(p), g.channels, input_gradients_[i].view().pixel(p));
    }
  }
  void compare(const std::string& name, std::span<T> values, std::span<const T> gradients) {
    double scale =
        1e-2;  // a gradient that is 0 in truth (a bias before batch norm) is compared on this scale
    for (const T g : gradients) scale = std::max(scale, std::abs(static_cast<double>(g)));
    const std::size_t n = values.size(), stride = std::max<std::size_t>(
                                             1, n / static_cast<std::size_t>(options_.entries));
    for (std::size_t k = 0; k < n; k += stride) {
      const T value = values[k];
      values[k] = value + static_cast<T>(step_);
      const double above = loss();
      values[k] = value - static_cast<T>(step_);
      const double below = loss();
      values[k] = value;
      const double numeric = (above - below) / (2 * step_),
                   analytic = static_cast<double>(gradients[k]);
      const double error = std::abs(numeric - analytic) / scale;
      if (!report_.note(error, name, static_cast<std::int64_t>(k))) continue;
      report_.analytic = analytic;
      report_.numeric = numeric;
    }
  }

  GradientCheckOptions options_;
  double step_;
  Model<Net, Cpu, T> model_;
  Pass<Cpu, T> pass_;
  GradientCheckReport report_;
  std::vector<Tensor<T>> inputs_, input_gradients_;
  std::vector<std::vector<std::uint8_t>> valid_;
  Tensor<T> probe_;
  std::vector<T> gradients_;
};

}  // namespace detail

/// Checks every parameter's and every input's gradient of sum(output * random) by central
/// differences. Dead buffers are poisoned and parameter gradients start at 1, so a plan or a layer
/// that reads what it should not, or assigns where it should add, is found too. A layer written for
/// float alone is checked in float, and the report says so.
///
/// Example    CHECK(gradient_check<Network<Input<5, 7, 3>, MyLayer<3>>>().passed());
template <class Net>
GradientCheckReport gradient_check(const GradientCheckOptions& options = {}) {
  bool in_double = true;
  for (const auto& c : code<Net, Cpu, double>()) in_double &= c.forward != nullptr;
  if (in_double) return detail::GradientCheck<Net, double>(options).run();
  return detail::GradientCheck<Net, float>(options).run();
}

}  // namespace tessera::testing
