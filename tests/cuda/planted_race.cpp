// SPDX-License-Identifier: BSD-3-Clause
// A kernel with a missing __syncthreads(). Built with -fsanitize=thread this program must fail,
// with a report that names both lines: a test that is expected to fail (WILL_FAIL) shows that
// ThreadSanitizer sees such races, and so that its silence about the other kernels means something.
// With the argument "barrier" the kernel is right and the program must pass.
#include <tessera/cuda/emulation.hpp>

#include <string_view>
#include <vector>

namespace tessera::cuda {

template <bool Barrier>
__global__ void reverse(const float* from, float* to) {
  __shared__ float part[64];
  part[threadIdx.x] = from[threadIdx.x];
  (void)shuffle(1, 0);  // orders the lanes of a warp, not the warps of the block
  if constexpr (Barrier) __syncthreads();
  to[threadIdx.x] = part[blockDim.x - 1 - threadIdx.x];
}

}  // namespace tessera::cuda

int main(int argc, char** argv) {
  using namespace tessera::cuda;
  const std::vector<float> from(64, 1.0f);
  std::vector<float> to(64);
  const bool right = argc > 1 && std::string_view(argv[1]) == "barrier";
  emulate(right ? &reverse<true> : &reverse<false>, {1}, {64}, 0, from.data(), to.data());
  return 0;
}
