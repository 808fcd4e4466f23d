// SPDX-License-Identifier: BSD-3-Clause
// What a loss is, and how losses are added and weighted.
//
// A loss is a type with
//   void prepare(PassOptions&)                    names the taps it reads or adds gradients to
//   (optional) void operator()(Pass&, const Truth&, LossTerms&, double weight) const
// The call adds weight * d loss / d output to the pass's output gradient (and taps) and reports its
// terms by name. An optional `std::string describe() const` tells its settings, for checkpoints.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <tessera/io/number_text.hpp>
#include <tessera/network/pass.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// What a network's output is compared with: images [N, H, W, C] and holes [N, H, W] (1 = missing;
/// null: no hole).
template <class T>
struct Truth {
  View<const T> images;
  const std::uint8_t* hole = nullptr;
};

/// Values of one step's loss terms, unweighted, by name; `total` is the weighted sum that is
/// minimised.
class LossTerms {
 public:
  struct Term {
    std::string_view name;
    double value = 0;
  };
  static constexpr int max_count = 16;

  void add(std::string_view name, double value, double weight) {
    if (count_ == max_count) throw ArgumentError("a loss may report at most 16 terms");
    terms_[count_++] = {name, value};
    total_ += weight * value;
  }
  void clear() { *this = {}; }
  double total() const { return total_; }
  /// The term of this name; the sum where several losses report one. Errors: ArgumentError if there
  /// is none
  double value(std::string_view name) const {
    double sum = 0;
    bool found = false;
    for (const Term& term : terms())
      if (term.name == name) sum += term.value, found = true;
    if (!found) throw ArgumentError("no loss term has the name \"" + std::string(name) + "\"");
    return sum;
  }
  std::span<const Term> terms() const { return {terms_, static_cast<std::size_t>(count_)}; }

 private:
  Term terms_[max_count]{};
  int count_ = 0;
  double total_ = 0;
};

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
