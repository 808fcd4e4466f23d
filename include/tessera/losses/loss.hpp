// SPDX-License-Identifier: BSD-3-Clause
// What a loss is, and how losses are added and weighted.
//
// A loss is a type with
//   void operator()(Pass&, const Truth&, LossTerms&, double weight) const
//   void prepare(PassOptions&)         optional: names the taps it reads or adds gradients to
//   std::string describe() const       optional: its settings, for checkpoints
// The call adds weight * d loss / d output to the pass's output gradient (and taps) and reports its
// terms by name.
#pragma once
#include <string>
#include <string_view>

#include <tessera/io/number_text.hpp>
#include <tessera/network/pass.hpp>
#include <tessera/tensor/device_number.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// What a network's output is compared with: images `[N, H, W, C]` and holes `[N, H, W]`, if any.
template <class T>
struct Truth {
  View<const T> images;
  HoleView hole{};
};

/// Values of one step's loss terms, unweighted, by name; `total` is the weighted sum that is
/// minimised. On a GPU the numbers stay there until they are asked for: asking waits for its work.
class LossTerms {
 public:
  struct Term {
    std::string name;
    double value = 0;
  };
  static constexpr int max_count = 16;

  void add(std::string_view name, double value, double weight) { add(name, value, weight, {}); }
  void add(std::string_view name, const DeviceNumber& value, double weight) {
    add(name, 0, weight, value);
  }
  void clear() { *this = {}; }
  double total() const {
    double total = 0;
    for (const Term& term : terms()) total += weight(&term - terms_) * term.value;
    return total;
  }
  /// The term of this name; the sum where several losses report one.
  /// Errors: ArgumentError if there is none
  double value(std::string_view name) const {
    double sum = 0;
    bool found = false;
    for (const Term& term : terms())
      if (term.name == name) sum += term.value, found = true;
    if (!found) throw ArgumentError("no loss term has the name \"" + std::string(name) + "\"");
    return sum;
  }
  std::span<const Term> terms() const {
    for (int i = 0; i < count_; ++i)
      if (pending_[i].data) {
        terms_[i].value = pending_[i].value();
        pending_[i] = {};
      }
    return unread();
  }

  /// The same without waiting for a GPU: the value of a term with `pending` is not known yet.
  std::span<const Term> unread() const { return {terms_, static_cast<std::size_t>(count_)}; }
  const DeviceNumber& pending(std::ptrdiff_t i) const { return pending_[i]; }
  double weight(std::ptrdiff_t i) const { return weights_[i]; }

 private:
  void add(std::string_view name, double value, double weight, const DeviceNumber& pending) {
    if (count_ == max_count) throw ArgumentError("a loss may report at most 16 terms");
    terms_[count_] = {std::string(name), value};
    weights_[count_] = weight;
    pending_[count_++] = pending;
  }

  mutable Term terms_[max_count]{};
  mutable DeviceNumber pending_[max_count]{};
  double weights_[max_count]{};
  int count_ = 0;
};

namespace detail {
/// A pass's scratch memory for a loss; on a GPU, whose kernels have their own, none.
template <class Device, class T>
std::byte* loss_scratch(Pass<Device, T>& pass, std::size_t bytes) {
  if constexpr (Memory<Device>::on_host) return pass.scratch(bytes);
  else return nullptr;
}
}  // namespace detail

/// Lets a loss name the taps it needs; losses on the output alone need none.
template <class Loss>
void prepare_loss(Loss& loss, PassOptions& options) {
  if constexpr (requires { loss.prepare(options); }) loss.prepare(options);
}

/// A loss's settings as a text, from its `std::string describe() const`; without one "a loss", so
/// that checkpoints of two such losses are told apart by other settings alone.
template <class Loss>
std::string describe_loss(const Loss& loss) {
  if constexpr (requires { std::string(loss.describe()); }) return loss.describe();
  else return "a loss";
}

/// a + b: both losses' gradients and terms.
template <class A, class B>
struct LossSum {
  A first;
  B second;

  void prepare(PassOptions& options) {
    prepare_loss(first, options);
    prepare_loss(second, options);
  }
  std::string describe() const { return describe_loss(first) + " + " + describe_loss(second); }
  template <class Device, class T>
  void operator()(Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    first(pass, truth, terms, weight);
    second(pass, truth, terms, weight);
  }
};

/// factor * loss.
template <class L>
struct WeightedLoss {
  L loss;
  double factor;

  void prepare(PassOptions& options) { prepare_loss(loss, options); }
  std::string describe() const {
    return detail::number_text(factor) + " * (" + describe_loss(loss) + ")";
  }
  template <class Device, class T>
  void operator()(Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    loss(pass, truth, terms, weight * factor);
  }
};

/// A type that can be called as a loss.
template <class L>
concept Loss = requires(const L& loss, Pass<Cpu, float>& pass, const Truth<float>& truth,
                        LossTerms& terms) {
  loss(pass, truth, terms, 1.0);
};

template <Loss A, Loss B>
LossSum<A, B> operator+(const A& a, const B& b) {
  return {a, b};
}
template <Loss L>
WeightedLoss<L> operator*(double factor, const L& loss) {
  return {loss, factor};
}

}  // namespace tessera
