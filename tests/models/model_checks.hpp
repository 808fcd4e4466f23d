// SPDX-License-Identifier: BSD-3-Clause
// What the tests of the documented networks share: moments of initial values, one forward.
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <string_view>
#include <vector>

#include <tessera/network/model.hpp>

namespace tessera::testing {

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};
template <class Model>
Moments moments(const Model& model, std::string_view name) {
  const auto v = model.get(name);
  const double n = static_cast<double>(v.size());
  Moments m;
  for (const double x : v) {
    m.mean += x / n;
    m.largest = std::max(m.largest, std::abs(x));
  }
  for (const double x : v) m.deviation += (x - m.mean) * (x - m.mean) / n;
  m.deviation = std::sqrt(m.deviation);
  return m;
}
/// Whether a tensor begins as N(mean, deviation), with room for chance.
template <class Model>
void expect_normal(const Model& model, std::string_view name, double mean, double deviation) {
  const Moments m = moments(model, name);
  const double n = static_cast<double>(model.get(name).size());
  CAPTURE(name);
  CHECK(std::abs(m.mean - mean) < 5 * deviation / std::sqrt(n));
  CHECK(std::abs(m.deviation / deviation - 1) < 4 / std::sqrt(2 * n));
}
/// Whether it begins as U(-bound, bound).
template <class Model>
void expect_uniform(const Model& model, std::string_view name, double bound) {
  const Moments m = moments(model, name);
  const double n = static_cast<double>(model.get(name).size());
  CAPTURE(name);
  CHECK(m.largest <= bound * (1 + 1e-6));
  CHECK(m.largest > bound * (1 - 20 / n));
  CHECK(std::abs(m.deviation * std::sqrt(3.0) / bound - 1) < 4 / std::sqrt(n));
}

/// Writes a pattern into every input; pixel (3, 4) of channel 0 is `changed` larger.
template <class Pass>
void set_inputs(Pass& pass, int inputs = 1, float changed = 0) {
  for (int i = 0; i < inputs; ++i) {
    const auto x = pass.input(i);
    for (int n = 0; n < x.batch; ++n)
      for (int h = 0; h < x.height; ++h)
        for (int w = 0; w < x.width; ++w)
          for (int c = 0; c < x.channels; ++c)
            x(n, h, w, c) =
                0.5f + 0.4f * static_cast<float>(std::sin(0.7 * h + 1.3 * w + 2 * c + n + i));
    x(0, 3, 4, 0) += changed;
    const auto valid = pass.input_valid(i);
    for (int n = 0; n < valid.batch; ++n)
      for (int h = 0; h < valid.height; ++h)
        for (int w = 0; w < valid.width; ++w) *valid.pixel(n, h, w) = (h / 8 + w / 8) % 3 != 0;
  }
}
template <class Pass>
std::vector<float> values(Pass& pass) {
  const auto y = pass.output();
  std::vector<float> v;
  for (int n = 0; n < y.batch; ++n)
    for (int h = 0; h < y.height; ++h)
      for (int w = 0; w < y.width; ++w)
        for (int c = 0; c < y.channels; ++c) v.push_back(y(n, h, w, c));
  return v;
}
/// One forward through a model; NaN in the output is an error.
template <class Pass>
std::vector<float> forward(Pass& pass, int inputs = 1, float changed = 0) {
  set_inputs(pass, inputs, changed);
  pass.forward();
  const std::vector<float> v = values(pass);
  for (const float x : v)
    if (std::isnan(x)) FAIL("NaN in the output");
  return v;
}

}  // namespace tessera::testing
