// SPDX-License-Identifier: BSD-3-Clause
// Real numbers as template arguments. clang 14 has no floating-point template parameters, but takes
// a class that holds one; each meaning gets a type, so a slope is never mistaken for a probability:
//   LeakyReLU<slope(0.2)>, Dropout<probability(0.4)>, BatchNorm2d<64, eps(0.8)>
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

}  // namespace tessera
