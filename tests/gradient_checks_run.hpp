// SPDX-License-Identifier: BSD-3-Clause
// How many gradient checks this test program has run; doctest_main.cpp prints it at the end.
#pragma once

namespace tessera::testing {

inline int gradient_checks_run = 0;

}  // namespace tessera::testing
