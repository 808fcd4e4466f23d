// SPDX-License-Identifier: BSD-3-Clause
// Learning-rate schedules at the values PyTorch gives.
#include <doctest/doctest.h>

#include <tessera/optimizers/schedule.hpp>

using tessera::Schedule;

TEST_CASE("constant unless said otherwise") {
  CHECK(Schedule{}.factor(0) == 1);
  CHECK(Schedule{}.factor(1e6) == 1);
}

TEST_CASE("step: StepLR") {
  const Schedule s = Schedule::step(10, 0.1);
  CHECK(s.factor(0) == 1);
  CHECK(s.factor(9.99) == 1);
  CHECK(s.factor(10) == doctest::Approx(0.1).epsilon(1e-14));
  CHECK(s.factor(25) == doctest::Approx(0.01).epsilon(1e-14));
}

TEST_CASE("cosine: CosineAnnealingLR, and constant at its end") {
  const Schedule s = Schedule::cosine(20);
  CHECK(s.factor(0) == doctest::Approx(1));
  CHECK(s.factor(5) == doctest::Approx(0.8535533905932737));
  CHECK(s.factor(10) == doctest::Approx(0.5));
  CHECK(std::abs(s.factor(20)) < 1e-15);
  CHECK(std::abs(s.factor(30)) < 1e-15);
  const Schedule low = Schedule::cosine(20, 0.2);
  CHECK(low.factor(0) == doctest::Approx(1));
  CHECK(low.factor(10) == doctest::Approx(0.6));
  CHECK(low.factor(21) == doctest::Approx(0.2));
}
