// SPDX-License-Identifier: BSD-3-Clause
// A loss on the golden predictions and targets against PyTorch's numbers (golden/README.md).
#pragma once
#include "../golden/golden.hpp"
#include "fixture.hpp"

namespace tessera::test {

/// Value and first gradients of 48 predictions 2 v("input") and targets v("target").
template <class L>
void check_golden_pixel_loss(const char* name, const L& loss) {
  CAPTURE(name);
  LossFixture<double, 1> f(1, 6, 8);
  const auto images = golden::values("target", 48);
  f.x = golden::values("input", 48);
  for (double& v : f.x) v *= 2;
  std::copy(images.begin(), images.end(), f.images.data());
  const std::vector<double> want = golden::load("optimizers", "losses").at(name);
  CHECK(f.call(loss).total() == doctest::Approx(want[0]).epsilon(1e-14));
  const std::vector<double> gradient = f.gradient();
  for (std::size_t i = 1; i < want.size(); ++i)
    CHECK(gradient[i - 1] == doctest::Approx(want[i]).epsilon(1e-14));
}

}  // namespace tessera::test
