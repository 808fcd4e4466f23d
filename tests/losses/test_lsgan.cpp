// SPDX-License-Identifier: BSD-3-Clause
// The least-squares criterion: values against a scalar twin, gradients by differences.
#include <doctest/doctest.h>

#include <tessera/losses/lsgan.hpp>

#include "adversarial_checks.hpp"

using namespace tessera;
using namespace tessera::test;

TEST_CASE("LsganLoss") {
  check_criterion(LsganLoss{},
                  {[](double y) { return (y - 1) * (y - 1); }, [](double y) { return y * y; },
                   [](double y) { return (y - 1) * (y - 1); }},
                  bounds(-2, 2));
  CHECK(LsganLoss{}.describe() == "lsgan");
}
