// SPDX-License-Identifier: BSD-3-Clause
// Template arguments that say what they mean: each meaning gets a type, so a slope is never taken
// for a probability, and no layer has a bare true or false:
//   LeakyReLU<slope(0.2)>, BatchNorm2d<any, eps(0.8)>, Linear<any, 10, no_bias()>
// (clang 14 has no floating-point template parameters, but takes a class that holds one.)
#pragma once

namespace tessera {

/// Factor of a leaky activation for negative inputs.
struct Slope {
  double value = 0;
  constexpr bool operator==(const Slope&) const = default;
};
constexpr Slope slope(double value) { return {value}; }

/// What an exponential activation tends to for negative inputs, times -1.
struct Alpha {
  double value = 0;
  constexpr bool operator==(const Alpha&) const = default;
};
constexpr Alpha alpha(double value) { return {value}; }

/// The least and the greatest value that pass.
struct Bounds {
  double lowest = 0, highest = 0;
  constexpr bool operator==(const Bounds&) const = default;
};
constexpr Bounds bounds(double lowest, double highest) { return {lowest, highest}; }

/// Probability that dropout sets an element to zero.
struct Probability {
  double value = 0;
  constexpr bool operator==(const Probability&) const = default;
};
constexpr Probability probability(double value) { return {value}; }

/// What a normalisation adds to the variance.
struct Epsilon {
  double value = 0;
  constexpr bool operator==(const Epsilon&) const = default;
};
constexpr Epsilon eps(double value) { return {value}; }

/// Share of the new batch in running statistics.
struct Momentum {
  double value = 0;
  constexpr bool operator==(const Momentum&) const = default;
};
constexpr Momentum momentum(double value) { return {value}; }

/// Whether a linear layer adds a trained bias; a convolution's window says it by the same words,
/// kernel(3).no_bias().
struct Bias {
  bool trained = true;
  constexpr bool operator==(const Bias&) const = default;
};
constexpr Bias no_bias() { return {false}; }

/// Which ways a recurrent layer reads its sequences.
struct Direction {
  bool both = false;
  constexpr bool operator==(const Direction&) const = default;
};
constexpr Direction bidirectional() { return {true}; }

}  // namespace tessera
