// SPDX-License-Identifier: BSD-3-Clause
// The main function of every test program. At its end it prints how many gradient checks were run.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "gradient_checks_run.hpp"

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int status = context.run();
  std::printf("gradient checks run: %d\n", tessera::testing::gradient_checks_run);
  return status;
}
