// SPDX-License-Identifier: BSD-3-Clause
// The dependencies come with tessera::tessera: headers are found, BLAS links, OpenMP is on.
#include <cblas.h>

#include <cstdio>

#include <nlohmann/json.hpp>
#include <tessera/tessera.hpp>
#include <xsimd/xsimd.hpp>
#include <xtensor/xtensor.hpp>

#ifndef _OPENMP
#error "OpenMP is off"
#endif

int main() {
  const float a[2] = {1, 2}, b[2] = {3, 4};
  static_assert(tessera::Shape{32, 32, 3}.size() == 3072);
  const float dot = cblas_sdot(2, a, 1, b, 1);
  std::printf("%s, %.0f\n", tessera::to_string(tessera::Shape{32, 32, 3}).c_str(),
              static_cast<double>(dot));
  return dot == 11 ? 0 : 1;
}
