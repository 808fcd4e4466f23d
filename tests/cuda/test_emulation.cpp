// SPDX-License-Identifier: BSD-3-Clause
// Kernels on the CPU: indices, barriers, shared memory and warp operations against plain loops, and
// what a wrong kernel is told.
#include <tessera/cuda/emulation/emulation.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace tessera::cuda {
namespace {

// --- indices ------------------------------------------------------------------------------------

struct Position {
  Dim3 thread, block;
  unsigned first_of_warp;
};

__device__ unsigned linear_thread() {
  return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
}

__global__ void __launch_bounds__(1024) write_positions(Position* out) {
  const unsigned thread = linear_thread();
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned block_size = blockDim.x * blockDim.y * blockDim.z;
  out[block * block_size + thread] = {threadIdx, blockIdx, shuffle(thread, 0)};
}

TEST_CASE("every thread of every block runs once, x fastest, 32 to a warp") {
  for (const auto& [grid, block] : {std::pair{Dim3{3, 2, 4}, Dim3{5, 7, 3}},
                                    std::pair{Dim3{1}, Dim3{1}}, std::pair{Dim3{2, 3}, Dim3{33}}}) {
    std::vector<Position> out(grid.count() * block.count(), {{99, 0, 0}, {}, 9999});
    emulate(&write_positions, grid, block, 0, out.data());
    std::size_t i = 0;
    bool all = true;
    for (unsigned bz = 0; bz < grid.z; ++bz)
      for (unsigned by = 0; by < grid.y; ++by)
        for (unsigned bx = 0; bx < grid.x; ++bx)
          for (unsigned t = 0; t < block.count(); ++t, ++i) {
            const Dim3 thread{t % block.x, t / block.x % block.y, t / block.x / block.y};
            all &= out[i].thread == thread && out[i].block == Dim3{bx, by, bz} &&
                   out[i].first_of_warp == t / 32 * 32;
          }
    CHECK(all);
  }
}

struct Wide {
  double numbers[20];
  int first;
};
__global__ void add_by_value(Wide wide, const float* __restrict__ x, float* __restrict__ y,
                             long n) {
  const long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  y[i] = load_readonly(x + i) + static_cast<float>(wide.numbers[wide.first]);
}

TEST_CASE("arguments are passed by value and converted as a launch converts them") {
  std::vector<float> x(100), y(100, -1);
  std::iota(x.begin(), x.end(), 0.0f);
  Wide wide{};
  wide.numbers[7] = 0.5;
  wide.first = 7;
  emulate(&add_by_value, {4}, {32}, 0, wide, x.data(), y.data(), 99);
  bool all = y[99] == -1;
  for (std::size_t i = 0; i < 99; ++i) all &= y[i] == x[i] + 0.5f;
  CHECK(all);
}

// --- barriers and shared memory -----------------------------------------------------------------

/// Sum of a block's numbers by halving, in static or dynamic shared memory.
template <bool Dynamic>
__global__ void block_sums(const float* x, float* sums) {
  __shared__ float fixed[256];
  float* const part = Dynamic ? dynamic_shared<float>() : fixed;
  const unsigned t = threadIdx.x;
  part[t] = x[blockIdx.x * blockDim.x + t];
  __syncthreads();
  for (unsigned n = blockDim.x; n > 1; n = (n + 1) / 2) {
    const unsigned half = (n + 1) / 2;
    if (t + half < n) part[t] += part[t + half];
    __syncthreads();
  }
  if (t == 0) sums[blockIdx.x] = part[0];
}

TEST_CASE("a sum over each block, by barriers, for even and odd sizes of blocks") {
  for (const unsigned size : {1u, 2u, 33u, 100u, 256u}) {
    constexpr unsigned blocks = 3;
    std::vector<float> x(blocks * size), fixed(blocks, -1), dynamic(blocks, -1), expected(blocks);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(i * 7 % 31);
      expected[i / size] += x[i];
    }
    emulate(&block_sums<false>, {blocks}, {size}, 0, x.data(), fixed.data());
    emulate(&block_sums<true>, {blocks}, {size}, size * sizeof(float), x.data(), dynamic.data());
    CHECK(fixed == expected);
    CHECK(dynamic == expected);
  }
}

constexpr int tile = 8;
__global__ void transpose(const double* from, double* to, int rows, int columns) {
  __shared__ double part[tile][tile + 1];
  const int r = static_cast<int>(blockIdx.y) * tile, c = static_cast<int>(blockIdx.x) * tile;
  const int y = static_cast<int>(threadIdx.y), x = static_cast<int>(threadIdx.x);
  if (r + y < rows && c + x < columns) part[y][x] = from[(r + y) * columns + c + x];
  __syncthreads();
  if (c + y < columns && r + x < rows) to[(c + y) * rows + r + x] = part[x][y];
}

TEST_CASE("a transposition through tiles of shared memory") {
  constexpr int rows = 19, columns = 29;
  std::vector<double> from(rows * columns), to(rows * columns), expected(rows * columns);
  std::iota(from.begin(), from.end(), 1.0);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) expected[c * rows + r] = from[r * columns + c];
  emulate(&transpose, {(columns + tile - 1) / tile, (rows + tile - 1) / tile}, {tile, tile}, 0,
          from.data(), to.data(), rows, columns);
  CHECK(to == expected);
}

/// Numbers go once around the block, one place a round.
__global__ void rotate(unsigned* out) {
  unsigned* const ring = dynamic_shared<unsigned>();
  const unsigned n = blockDim.x, t = threadIdx.x;
  ring[t] = t;
  TESSERA_CUDA_UNROLL for (unsigned round = 0; round < 40; ++round) {
    __syncthreads();
    const unsigned next = ring[(t + 1) % n];
    __syncthreads();
    ring[t] = next;
  }
  out[t] = ring[t];
}

TEST_CASE("many barriers, up to the largest block") {
  for (const unsigned n : {31u, 250u, 1024u}) {
    std::vector<unsigned> out(n);
    emulate(&rotate, {1}, {n}, n * sizeof(unsigned), out.data());
    bool all = true;
    for (unsigned t = 0; t < n; ++t) all &= out[t] == (t + 40) % n;
    CHECK(all);
  }
}

__global__ void some_return(int* out, unsigned remaining) {
  int* const shared = dynamic_shared<int>();
  if (threadIdx.x >= remaining) return;
  shared[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = shared[remaining - 1 - threadIdx.x];
}

TEST_CASE("threads that have returned count as arrived") {
  for (const unsigned remaining : {1u, 50u, 99u}) {
    std::vector<int> out(remaining, -1);
    emulate(&some_return, {2}, {100}, 100 * sizeof(int), out.data(), remaining);
    bool all = true;
    for (unsigned t = 0; t < remaining; ++t) all &= out[t] == static_cast<int>(remaining - 1 - t);
    CHECK(all);
  }
}

__global__ void read_unwritten(float* out) {
  float* const shared = dynamic_shared<float>();
  out[2 * blockIdx.x] = shared[3];
  shared[3] = 1.0f;
  out[2 * blockIdx.x + 1] = shared[3];
}

TEST_CASE("dynamic shared memory is NaN before each block, and aligned") {
  std::vector<float> out(4);
  emulate(&read_unwritten, {2}, {1}, 16, out.data());
  CHECK(std::isnan(out[0]));
  CHECK(out[1] == 1.0f);
  CHECK(std::isnan(out[2]));
  CHECK(out[3] == 1.0f);
  CHECK(reinterpret_cast<std::uintptr_t>(emulation::this_block.shared()) % 16 == 0);
}

// --- warps --------------------------------------------------------------------------------------

struct Pair {
  float a, b;
};
__global__ void shuffles(double* sums, float* down, Pair* from, std::int16_t* sent) {
  const unsigned t = threadIdx.x, lane = t % 32;
  double sum = t;
  for (int m = 16; m > 0; m /= 2) sum += shuffle_xor(sum, m);
  sums[t] = sum;
  down[t] = shuffle_down(static_cast<float>(t), 5);
  from[t] =
      shuffle(Pair{static_cast<float>(t), -static_cast<float>(t)}, static_cast<int>(lane) * 3);
  __syncwarp();
  sent[t] = shuffle_xor(static_cast<std::int16_t>(t), 31);
}

TEST_CASE("shuffles of 2, 4 and 8 bytes") {
  constexpr unsigned n = 96;
  std::vector<double> sums(n);
  std::vector<float> down(n);
  std::vector<Pair> from(n);
  std::vector<std::int16_t> sent(n);
  emulate(&shuffles, {1}, {n}, 0, sums.data(), down.data(), from.data(), sent.data());
  for (unsigned t = 0; t < n; ++t) {
    const unsigned lane = t % 32, first = t - lane, source = first + lane * 3 % 32;
    CHECK(sums[t] == 32.0 * first + 31 * 16);
    CHECK(down[t] == static_cast<float>(lane + 5 < 32 ? t + 5 : t));
    CHECK(from[t].a == static_cast<float>(source));
    CHECK(from[t].b == -static_cast<float>(source));
    CHECK(sent[t] == static_cast<std::int16_t>(first + 31 - lane));
  }
}

__global__ void shuffle_beyond(float* out) { out[threadIdx.x] = shuffle_xor(1.0f, 1); }

TEST_CASE("a lane that the block does not have gives NaN") {
  std::vector<float> out(33);
  emulate(&shuffle_beyond, {1}, {33}, 0, out.data());
  CHECK(out[31] == 1.0f);
  CHECK(std::isnan(out[32]));
}

/// One warp works in shared memory between barriers of its own, the others wait for all.
__global__ void one_warp_alone(int* out) {
  int* const shared = dynamic_shared<int>();
  const unsigned t = threadIdx.x;
  if (t / 32 == 1) {
    shared[t - 32] = 1;
    for (unsigned step = 1; step < 32; step *= 2) {
      __syncwarp();
      const int before = t % 32 >= step ? shared[t - 32 - step] : 0;
      __syncwarp();
      shared[t - 32] += before;
    }
  }
  __syncthreads();
  out[t] = shared[t % 32];
}

TEST_CASE("a warp synchronises by itself while the block waits") {
  std::vector<int> out(100);
  emulate(&one_warp_alone, {1}, {100}, 32 * sizeof(int), out.data());
  bool all = true;
  for (std::size_t t = 0; t < 100; ++t) all &= out[t] == static_cast<int>(t % 32) + 1;
  CHECK(all);
}

// --- wrong kernels ------------------------------------------------------------------------------

__global__ void divergent_barrier() {
  if (threadIdx.x < 40) __syncthreads();
  else (void)shuffle(1, 0);
}
__global__ void divergent_warp() {
  if (threadIdx.x != 3) (void)shuffle_xor(1, 1);
}
__global__ void throws_while_others_wait(int* after) {
  if (blockIdx.x == 1 && threadIdx.x == 70) throw std::runtime_error("from a device thread");
  __syncthreads();
  if (threadIdx.x == 0) *after += 1;
}

TEST_CASE("barriers that some threads never reach are reported, and later launches work") {
  CHECK_THROWS_WITH_AS(
      emulate(&divergent_barrier, {2}, {64}, 0),
      "emulated kernel, block (0, 0, 0): __syncthreads() not reached by all threads of the block: "
      "40 of 64 wait there; a warp operation not reached by all lanes of the warp: 24 of 32 lanes "
      "of warp 1 wait there; the others wait elsewhere or have returned",
      Error);
  CHECK_THROWS_WITH_AS(
      emulate(&divergent_warp, {1}, {40}, 0),
      "emulated kernel, block (0, 0, 0): a warp operation not reached by all lanes of the warp: 31 "
      "of 32 lanes of warp 0 wait there; the others wait elsewhere or have returned",
      Error);
  int after = 0;
  CHECK_THROWS_WITH_AS(emulate(&throws_while_others_wait, {3}, {100}, 0, &after),
                       "from a device thread", std::runtime_error);
  CHECK(after == 1);
  const std::vector<float> x(64, 1.0f);
  float sum = 0;
  emulate(&block_sums<false>, {1}, {64}, 0, x.data(), &sum);
  CHECK(sum == 64.0f);
}

__global__ void nothing() {}

TEST_CASE("launches that a GPU refuses are refused") {
  CHECK_THROWS_WITH_AS(
      emulate(&nothing, {1}, {33, 32}, 0),
      "kernel launch: a block of 33 x 32 x 1 threads; expected 1 to 1024, and z up "
      "to 64",
      ArgumentError);
  CHECK_THROWS_AS(emulate(&nothing, {1}, {1, 1, 65}, 0), ArgumentError);
  CHECK_THROWS_AS(emulate(&nothing, {1}, {0}, 0), ArgumentError);
  CHECK_THROWS_AS(emulate(&nothing, {0}, {32}, 0), ArgumentError);
  CHECK_THROWS_AS(emulate(&nothing, {1, 65536}, {32}, 0), ArgumentError);
  CHECK_THROWS_AS(emulate(&nothing, {1}, {32}, 227 * 1024 + 1), ArgumentError);
  emulate(&nothing, {1}, {32}, 227 * 1024);
}

// --- the rest -----------------------------------------------------------------------------------

TEST_CASE("two host threads launch in turn") {
  const auto many = [](std::vector<unsigned>& out) {
    for (int i = 0; i < 5; ++i)
      emulate(&rotate, {1}, {static_cast<unsigned>(out.size())}, out.size() * sizeof(unsigned),
              out.data());
  };
  std::vector<unsigned> a(64), b(50);
  std::thread other([&] { many(a); });
  many(b);
  other.join();
  CHECK(a[0] == 40);
  CHECK(b[20] == 10);
}

template <class T>
void check_math() {
  const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
  CHECK(math::exp(T(1)) == std::exp(T(1)));
  CHECK(math::rsqrt(T(4)) == T(0.5));
  CHECK(math::log1p(T(1e-3)) == std::log1p(T(1e-3)));
  CHECK(math::pow(T(2), T(10)) == T(1024));
  CHECK(math::floor(T(-1.5)) == T(-2));
  CHECK(math::max(T(1), T(2)) == T(2));
  CHECK(math::min(T(1), T(2)) == T(1));
  CHECK(math::is_nan(math::max(nan, T(1))));
  CHECK(math::is_nan(math::max(T(1), nan)));
  CHECK(math::is_nan(math::min(nan, T(1))));
  CHECK(math::is_nan(math::min(T(1), nan)));
  CHECK(!math::is_finite(nan));
  CHECK(!math::is_finite(-inf));
  CHECK(math::is_finite(std::numeric_limits<T>::max()));
}

TEST_CASE("math functions, NaN through max and min") {
  check_math<float>();
  check_math<double>();
  CHECK(math::max(3L, 5) == 5L);
  CHECK(math::min(-3, 5) == -3);
}

}  // namespace
}  // namespace tessera::cuda
