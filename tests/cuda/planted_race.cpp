// SPDX-License-Identifier: BSD-3-Clause
// Kernels with a missing __syncthreads(). Built with -fsanitize=thread this program must fail, with
// a report that names both lines: so ThreadSanitizer sees such races, and its silence about the
// other kernels means something. The argument says where barriers are: "none", "first" (behind the
// write, none before the next one, which comes while others still read), or "both", which is right.
#include <tessera/cuda/emulation/emulation.hpp>

#include <string_view>
#include <vector>

namespace tessera::cuda {

template <int Barriers>
__global__ void reverse(const float* from, float* to) {
  __shared__ float part[64];
  for (int round = 0; round < 2; ++round) {
    part[threadIdx.x] = from[threadIdx.x];
    (void)shuffle(1, 0);  // orders the lanes of a warp, not the warps of the block
    if constexpr (Barriers > 0) __syncthreads();
    to[threadIdx.x] = part[blockDim.x - 1 - threadIdx.x];
    if constexpr (Barriers > 1) __syncthreads();
  }
}

}  // namespace tessera::cuda

int main(int argc, char** argv) {
  using namespace tessera::cuda;
  const std::vector<float> from(64, 1.0f);
  std::vector<float> to(64);
  const std::string_view barriers = argc > 1 ? argv[1] : "none";
  const auto kernel = barriers == "both"    ? &reverse<2>
                      : barriers == "first" ? &reverse<1>
                                            : &reverse<0>;
  emulate(kernel, {1}, {64}, 0, from.data(), to.data());
  return 0;
}
