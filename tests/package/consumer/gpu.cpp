// SPDX-License-Identifier: BSD-3-Clause
// A program of a consumer that links tessera::cuda: it starts without a driver, and says so.
#include <cstdio>
#include <string>

#include <tessera/cuda/runtime.hpp>

int main() {
  std::string why_not;
  const int count = tessera::cuda::runtime::device_count(&why_not);
  std::printf("%d GPUs %s\n", count, why_not.c_str());
  return count > 0 || !why_not.empty() ? 0 : 1;
}
