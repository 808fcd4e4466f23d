// SPDX-License-Identifier: BSD-3-Clause
// Norms against PyTorch's numbers, all made from the same input and output gradient.
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <tessera/network/model.hpp>

namespace tessera::testing {

/// The input and gradient that made PyTorch's numbers, in the order [N, H, W, C].
inline double input(std::ptrdiff_t i) { return static_cast<double>(i * 37 % 41) / 10 - 2; }
inline double output_gradient(std::ptrdiff_t i) {
  return static_cast<double>(i * 29 % 31) / 10 - 1.5;
}

/// Forward and backward of batch 2 against every seventh element of PyTorch's.
template <class Net>
void compare(Model<Net, Cpu, double>& model, const std::vector<double>& y,
             const std::vector<double>& dx) {
  auto pass = model.pass({.batch = 2, .input_gradients = true});
  const auto x = pass.input();
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = input(i);
  pass.forward();
  REQUIRE(y.size() == static_cast<std::size_t>((x.size() + 6) / 7));
  for (std::size_t k = 0; k < y.size(); ++k)
    CHECK(std::fabs(pass.output().data[7 * k] - y[k]) < 1e-13);
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) pass.output_gradient().data[i] = output_gradient(i);
  model.zero_gradients();
  pass.backward();
  for (std::size_t k = 0; k < dx.size(); ++k)
    CHECK(std::fabs(pass.input_gradient().data[7 * k] - dx[k]) < 1e-12);
}

}  // namespace tessera::testing
