// SPDX-License-Identifier: BSD-3-Clause
// How the learning rate changes during training.
#pragma once
#include <cmath>
#include <numbers>
#include <string>

#include <tessera/io/number_text.hpp>

namespace tessera {

/// Factor on the learning rate as a function of the time t in epochs (fractions count).
///
///   constant   1
///   step       gamma^floor(t / every)                                  PyTorch: StepLR
///   cosine     low + (1 - low) (1 + cos(pi min(t / epochs, 1))) / 2    PyTorch: CosineAnnealingLR
struct Schedule {
  enum class Kind { constant, step, cosine };
  Kind kind = Kind::constant;
  double epochs = 0, value = 1;

  static Schedule step(double every_epochs, double gamma) {
    return {Kind::step, every_epochs, gamma};
  }
  static Schedule cosine(double epochs, double low = 0) { return {Kind::cosine, epochs, low}; }

  double factor(double t) const {
    if (kind == Kind::step) return std::pow(value, std::floor(t / epochs));
    if (kind == Kind::cosine)
      return value +
             (1 - value) * 0.5 * (1 + std::cos(std::numbers::pi * (t < epochs ? t / epochs : 1.0)));
    return 1;
  }

  /// The settings as a text: what a checkpoint compares.
  std::string describe() const {
    if (kind == Kind::step)
      return "step(" + detail::settings({{"every_epochs", epochs}, {"gamma", value}}) + ")";
    if (kind == Kind::cosine)
      return "cosine(" + detail::settings({{"epochs", epochs}, {"low", value}}) + ")";
    return "constant";
  }
};

}  // namespace tessera
