// SPDX-License-Identifier: BSD-3-Clause
// The intrinsics of kernel texts: their emulated twins against the PTX ISA's tables, and, where
// NVRTC is (TESSERA_TEST_NVRTC), the device text compiled with kernels that use every one of them.
#include <tessera/cuda/emulation/intrinsics.hpp>
#include <tessera/cuda/detail/intrinsics.hpp>

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#ifdef TESSERA_TEST_NVRTC
#include <nvrtc.h>
#endif

// The kernels of this file, as code and as text.
#define KERNELS(...) \
  __VA_ARGS__        \
  [[maybe_unused]] constexpr const char* kernels_text = #__VA_ARGS__;

// clang-format off
namespace tessera::cuda {
KERNELS(
  template <class T>
  __device__ void all_math(const T* x, T* y) {
    y[0] = math::exp(x[0]) + math::expm1(x[1]) + math::log(x[2]) + math::log1p(x[3]) +
           math::sqrt(x[4]) + math::rsqrt(x[5]) + math::tanh(x[6]) + math::erf(x[7]) +
           math::pow(x[8], x[9]) + math::floor(x[10]) + math::abs(x[11]);
    y[1] = math::max(x[0], 1) + math::min(x[1], 2);
    y[2] = math::is_nan(x[0]) || !math::is_finite(x[1]) ? T(1) : T(0);
    y[3] = static_cast<T>(math::max(static_cast<int>(blockDim.x), 3));
  }
  struct Silu : tessera::pointwise::Functions {
    template <class T> __device__ T forward(T x) const { return x * sigmoid(x); }
    template <class T> __device__ T all(T x) const {
      return select(is_nan(x) | (x > T(3)), constant<T>(0.25), max(min(x, 1.0), T(0))) + exp(x) +
             expm1(x) + log(x) + sqrt(x) + tanh(x) + erf(x) + abs(x);
    }
  };
  struct TwoFloats { float a; float b; };
  __global__ void __launch_bounds__(32) scalar_functions(const float* x, const double* z, float* y,
                                                         double* w) {
    all_math(x, y);
    all_math(z, w);
    y[4] = Silu{}.forward(x[0]) + Silu{}.all(x[1]);
    w[4] = Silu{}.forward(z[0]) + Silu{}.all(z[1]);
  }
  __global__ void warp_functions(const float* __restrict__ x, float* __restrict__ y) {
    float* const shared = dynamic_shared<float>();
    float sum = load_readonly(x + threadIdx.x);
    TESSERA_CUDA_UNROLL
    for (int m = 16; m > 0; m /= 2) sum += shuffle_xor(sum, m);
    const TwoFloats pair = shuffle(TwoFloats{sum, sum}, 3);
    shared[threadIdx.x] = pair.a + static_cast<float>(shuffle_down(static_cast<double>(sum), 1));
    __syncwarp();
    __syncthreads();
    y[threadIdx.x] = shared[threadIdx.x ^ 1];
  }
  __global__ void random_words(unsigned long key, unsigned long stream, long n, unsigned* out) {
    const long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
    unsigned words[4];
    if (i >= n) return;
    philox4(key, stream, static_cast<unsigned long>(i), words);
    for (int k = 0; k < 4; ++k) out[4 * i + k] = words[k];
  }
  __global__ void multiply(const unsigned* a, const unsigned* b, float* d, bool bf16) {
    unsigned own_a[4];
    unsigned own_b[2];
    float own_d[4];
    const int lane = static_cast<int>(threadIdx.x);
    for (int i = 0; i < 4; ++i) own_a[i] = a[4 * lane + i];
    for (int i = 0; i < 2; ++i) own_b[i] = b[2 * lane + i];
    for (int i = 0; i < 4; ++i) own_d[i] = d[4 * lane + i];
    if (bf16) mma_bf16(own_d, own_a, own_b);
    else mma_tf32(own_d, own_a, own_b);
    for (int i = 0; i < 4; ++i) d[4 * lane + i] = own_d[i];
  }
  // D [16, 8] = A [16, 16] B [16, 8], all row by row, rounded to bfloat16 on the way.
  __global__ void product(const float* a, const float* b, float* d) {
    unsigned* const rows_a = dynamic_shared<unsigned>();
    unsigned* const rows_b = rows_a + 128;
    const int lane = static_cast<int>(threadIdx.x);
    for (int i = lane; i < 128; i += 32) rows_a[i] = pack_bf16(a[2 * i], a[2 * i + 1]);
    for (int i = lane; i < 64; i += 32) rows_b[i] = pack_bf16(b[2 * i], b[2 * i + 1]);
    __syncwarp();
    unsigned own_a[4];
    unsigned own_b[2];
    float own_d[4] = {};
    load_matrix_x4(own_a, rows_a + lane % 16 * 8 + lane / 16 * 4);
    load_matrix_x2_transposed(own_b, rows_b + lane % 16 * 4);
    mma_bf16(own_d, own_a, own_b);
    const int g = lane / 4;
    const int t = lane % 4;
    for (int i = 0; i < 4; ++i) d[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = own_d[i];
  }
  __global__ void load_all(const unsigned* matrices, unsigned* r) {
    unsigned* const shared = dynamic_shared<unsigned>();
    const int lane = static_cast<int>(threadIdx.x);
    for (int i = lane; i < 128; i += 32) shared[i] = matrices[i];
    __syncwarp();
    unsigned four[4];
    unsigned two[2];
    load_matrix_x4(four, shared + lane * 4);
    for (int i = 0; i < 4; ++i) r[lane * 12 + i] = four[i];
    load_matrix_x4_transposed(four, shared + lane * 4);
    for (int i = 0; i < 4; ++i) r[lane * 12 + 4 + i] = four[i];
    load_matrix_x2(two, shared + lane % 16 * 4);
    for (int i = 0; i < 2; ++i) r[lane * 12 + 8 + i] = two[i];
    load_matrix_x2_transposed(two, shared + lane % 16 * 4);
    for (int i = 0; i < 2; ++i) r[lane * 12 + 10 + i] = two[i];
  }
  // Wait: 0 for everything, 1 for all but the latest group, -1 not at all.
  template <int Wait>
  __device__ void copies(const float* x, float* y, int valid) {
    float* const shared = dynamic_shared<float>();
    const int t = static_cast<int>(threadIdx.x);
    copy_async_16(shared + 4 * t, x + 4 * t, t < valid);
    copy_async_commit();
    copy_async_4(shared + 128 + t, x + 128 + t, t < valid);
    copy_async_commit();
    copy_async_4(shared + 160 + t, x + 160 + t, true);
    if constexpr (Wait >= 0) copy_async_wait<Wait < 0 ? 0 : Wait>();
    __syncthreads();
    for (int i = t; i < 192; i += 32) y[i] = shared[i];
  }
  __global__ void copies_all(const float* x, float* y, int valid) { copies<0>(x, y, valid); }
  __global__ void copies_but_one(const float* x, float* y, int valid) { copies<1>(x, y, valid); }
  __global__ void copies_none(const float* x, float* y, int valid) { copies<-1>(x, y, valid); }
  __global__ void conversions(const float* x, unsigned* y) {
    y[0] = to_tf32(x[0]);
    y[1] = pack_bf16(bf16_low(y[2]), bf16_high(y[2]));
  }
)
}  // namespace tessera::cuda
// clang-format on

namespace {
using namespace tessera;
using namespace tessera::cuda;

double number(std::uint64_t i) { return to_uniform(philox(7, 0, i)[0]) * 2 - 1; }

TEST_CASE("scalar functions are the host's") {
  std::vector<float> x(12, 0.5f), y(5);
  std::vector<double> z(12, 0.5), w(5);
  emulate(&scalar_functions, {1}, {1}, 0, x.data(), z.data(), y.data(), w.data());
  const double h = 0.5, sum = std::exp(h) + std::expm1(h) + std::log(h) + std::log1p(h) +
                              std::sqrt(h) + 1 / std::sqrt(h) + std::tanh(h) + std::erf(h) +
                              std::pow(h, h) + 0 + h;
  CHECK(w[0] == doctest::Approx(sum).epsilon(1e-14));
  CHECK(y[0] == doctest::Approx(sum).epsilon(1e-6));
  CHECK(w[1] == 1.5);
  CHECK(w[2] == 0.0);
  CHECK(w[3] == 3.0);
  const double all =
      h + std::exp(h) + std::expm1(h) + std::log(h) + std::sqrt(h) + std::tanh(h) + std::erf(h) + h;
  CHECK(w[4] == doctest::Approx(h / (1 + std::exp(-h)) + all).epsilon(1e-14));
}

TEST_CASE("warp functions of the text") {
  std::vector<float> x(32, 2.0f), y(32);
  emulate(&warp_functions, {1}, {32}, 128, x.data(), y.data());
  CHECK(y == std::vector<float>(32, 128.0f));
}

TEST_CASE("philox4 gives the words of tessera::philox") {
  const std::uint64_t key = 0x123456789ABCDEF0u, stream = 0xFEDCBA9876543210u;
  std::vector<unsigned> out(400);
  emulate(&random_words, {4}, {32}, 0, key, stream, 100, out.data());
  bool all = true;
  for (std::size_t i = 0; i < 100; ++i)
    for (std::size_t k = 0; k < 4; ++k) all &= out[4 * i + k] == philox(key, stream, i)[k];
  CHECK(all);
}

/// Whether `rounded` is the neighbour of x among the floats whose last `zero_bits` bits are 0, a
/// tie going to the even one or away from zero.
bool is_nearest(float x, float rounded, unsigned zero_bits, bool ties_to_even) {
  const unsigned step = 1u << zero_bits, bits = std::bit_cast<unsigned>(rounded);
  if (bits % step != 0) return false;
  const double error = std::fabs(double{x} - rounded);
  const auto other = [&](unsigned b) { return std::fabs(double{x} - std::bit_cast<float>(b)); };
  const double up = other(bits + step);
  const double down = bits << 1 ? other(bits - step) : up;
  if (error < up && error < down) return true;
  if (error > up || error > down) return false;
  return ties_to_even ? bits / step % 2 == 0 : std::fabs(rounded) > std::fabs(x);
}

TEST_CASE("rounding to TF32 and bfloat16") {
  int ties = 0;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const auto words = philox(1, 2, i);
    unsigned bits = words[0];
    if (i % 4 == 1) bits = (bits & ~0x1FFFu) | 0x1000u;    // a tie for TF32
    if (i % 4 == 2) bits = (bits & ~0xFFFFu) | 0x8000u;    // a tie for bfloat16
    if ((bits >> 23 & 0xFF) >= 0xFE) bits ^= 0x40000000u;  // beyond the largest: below
    const float x = std::bit_cast<float>(bits);
    ties += i % 4 == 1 || i % 4 == 2;
    CHECK(is_nearest(x, std::bit_cast<float>(to_tf32(x)), 13, false));
    const unsigned pair = pack_bf16(x, -x);
    CHECK(is_nearest(x, bf16_low(pair), 16, true));
    CHECK(bf16_high(pair) == -bf16_low(pair));
  }
  CHECK(ties == 2000);
  const float inf = std::numeric_limits<float>::infinity(),
              most = std::numeric_limits<float>::max();
  const float nan = std::bit_cast<float>(0x7F800001u);
  CHECK(std::bit_cast<float>(to_tf32(-inf)) == -inf);
  CHECK(std::bit_cast<float>(to_tf32(most)) == inf);
  CHECK(std::isnan(std::bit_cast<float>(to_tf32(nan))));
  CHECK(bf16_low(pack_bf16(inf, 0)) == inf);
  CHECK(bf16_high(pack_bf16(0, most)) == inf);
  CHECK(std::isnan(bf16_low(pack_bf16(nan, 0))));
  CHECK(std::bit_cast<unsigned>(bf16_low(pack_bf16(-0.0f, 1))) == 0x80000000u);
  unsigned words[3] = {0, 0, 0xBF803F80u};
  const float third = 1.0f / 3;
  emulate(&conversions, {1}, {1}, 0, &third, words);
  CHECK(words[0] == 0x3EAAA000u);
  CHECK(words[1] == words[2]);
}

/// D = C + A B by the definition, k increasing, in float32.
template <int K>
std::vector<float> reference(const std::vector<float>& a, const std::vector<float>& b,
                             std::vector<float> d) {
  for (std::size_t m = 0; m < 16; ++m)
    for (std::size_t n = 0; n < 8; ++n)
      for (std::size_t k = 0; k < K; ++k) d[m * 8 + n] += a[m * K + k] * b[k * 8 + n];
  return d;
}

/// Runs mma on fragments laid out by the tables of the PTX ISA, "Matrix Fragments for mma.m16n8k16
/// with .bf16" and "... mma.m16n8k8 with .tf32", written here as they stand there.
template <int K>
void check_mma() {
  constexpr bool bf16 = K == 16;
  std::vector<float> a(16 * K), b(K * 8), d(16 * 8);
  const auto round = [](double x) {
    const auto f = static_cast<float>(x);
    return bf16 ? bf16_low(pack_bf16(f, 0)) : std::bit_cast<float>(to_tf32(f));
  };
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = round(number(i));
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = round(number(1000 + i));
  for (std::size_t i = 0; i < d.size(); ++i) d[i] = static_cast<float>(number(2000 + i));

  std::vector<unsigned> fragment_a(32 * 4), fragment_b(32 * 2);
  std::vector<float> fragment_d(32 * 4);
  const auto row_of_d = [](int lane, int i) { return i < 2 ? lane >> 2 : (lane >> 2) + 8; };
  const auto column_of_d = [](int lane, int i) { return lane % 4 * 2 + (i & 1); };
  const auto at = [](int row, int width, int column) {
    return static_cast<std::size_t>(row * width + column);
  };
  for (int lane = 0; lane < 32; ++lane) {
    const int group = lane >> 2, thread_in_group = lane % 4;
    if constexpr (bf16) {
      for (int i = 0; i < 8; ++i) {
        const int row = (0 <= i && i < 2) || (4 <= i && i < 6) ? group : group + 8;
        const int column = thread_in_group * 2 + (i & 1) + (i < 4 ? 0 : 8);
        const unsigned bits = std::bit_cast<unsigned>(a[at(row, K, column)]) >> 16;
        fragment_a[at(lane, 4, i / 2)] |= bits << (i % 2 * 16);
      }
      for (int i = 0; i < 4; ++i) {
        const int row = thread_in_group * 2 + (i & 1) + (i < 2 ? 0 : 8);
        const unsigned bits = std::bit_cast<unsigned>(b[at(row, 8, group)]) >> 16;
        fragment_b[at(lane, 2, i / 2)] |= bits << (i % 2 * 16);
      }
    } else {
      for (int i = 0; i < 4; ++i) {
        const int row = i == 0 || i == 2 ? group : group + 8;
        const int column = i == 0 || i == 1 ? thread_in_group : thread_in_group + 4;
        fragment_a[at(lane, 4, i)] = std::bit_cast<unsigned>(a[at(row, K, column)]);
      }
      for (int i = 0; i < 2; ++i) {
        const int row = i == 0 ? thread_in_group : thread_in_group + 4;
        fragment_b[at(lane, 2, i)] = std::bit_cast<unsigned>(b[at(row, 8, group)]);
      }
    }
    for (int i = 0; i < 4; ++i)
      fragment_d[at(lane, 4, i)] = d[at(row_of_d(lane, i), 8, column_of_d(lane, i))];
  }
  emulate(&multiply, {1}, {32}, 0, fragment_a.data(), fragment_b.data(), fragment_d.data(), bf16);
  const std::vector<float> expected = reference<K>(a, b, d);
  bool all = true;
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i)
      all &= fragment_d[at(lane, 4, i)] == expected[at(row_of_d(lane, i), 8, column_of_d(lane, i))];
  CHECK(all);
}

TEST_CASE("mma: fragments as in the PTX ISA, sums in float32 in the order of k") {
  check_mma<16>();
  check_mma<8>();
}

TEST_CASE("mma_tf32 does not see the bits that to_tf32 takes away") {
  std::vector<unsigned> a(128, std::bit_cast<unsigned>(1.0f) | 0x1FFFu), b(64, a[0]);
  std::vector<float> d(128);
  emulate(&multiply, {1}, {32}, 0, a.data(), b.data(), d.data(), false);
  CHECK(d == std::vector<float>(128, 8.0f));
}

TEST_CASE("a product with ldmatrix and mma_bf16, matrices row by row") {
  std::vector<float> a(256), b(128), d(128);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = bf16_low(pack_bf16(float(number(i)), 0));
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = bf16_low(pack_bf16(float(number(i + 500)), 0));
  emulate(&product, {1}, {32}, 192 * 4, a.data(), b.data(), d.data());
  CHECK(d == reference<16>(a, b, std::vector<float>(128)));
}

TEST_CASE("ldmatrix: row lane / 4, columns 2 (lane % 4) and the next, or transposed") {
  std::array<unsigned, 128> matrices{};
  const auto value = [](int m, int row, int column) { return unsigned(m * 64 + row * 8 + column); };
  for (int m = 0; m < 4; ++m)
    for (int row = 0; row < 8; ++row)
      for (int column = 0; column < 8; column += 2)
        matrices[std::size_t(m * 32 + row * 4 + column / 2)] =
            value(m, row, column) | value(m, row, column + 1) << 16;
  std::vector<unsigned> r(32 * 12);
  emulate(&load_all, {1}, {32}, 512, matrices.data(), r.data());
  bool all = true;
  for (int lane = 0; lane < 32; ++lane)
    for (int m = 0; m < 4; ++m) {
      const int row = lane / 4, column = lane % 4 * 2;
      const unsigned plain = value(m, row, column) | value(m, row, column + 1) << 16;
      const unsigned transposed = value(m, column, row) | value(m, column + 1, row) << 16;
      const unsigned* const own = &r[std::size_t(lane) * 12];
      all &= own[m] == plain && own[4 + m] == transposed;
      if (m < 2) all &= own[8 + m] == plain && own[10 + m] == transposed;
    }
  CHECK(all);
}

TEST_CASE("copies are there behind their wait and not before") {
  alignas(16) float x[192];
  for (int i = 0; i < 192; ++i) x[i] = static_cast<float>(i + 1);
  const auto run = [&](void (*kernel)(const float*, float*, int)) {
    std::vector<float> y(192);
    emulate(kernel, {2}, {32}, 192 * 4, x, y.data(), 20);
    return y;
  };
  const auto arrived = [&](const std::vector<float>& y, int i, int valid) {
    return y[std::size_t(i)] == (i < valid ? x[i] : 0.0f);
  };
  const std::vector<float> all = run(&copies_all), but_one = run(&copies_but_one),
                           none = run(&copies_none);
  bool as_expected = true;
  for (int i = 0; i < 128; ++i)
    as_expected &=
        arrived(all, i, 80) && arrived(but_one, i, 80) && std::isnan(none[std::size_t(i)]);
  for (int i = 128; i < 160; ++i)
    as_expected &= arrived(all, i, 148) && std::isnan(but_one[std::size_t(i)]);
  for (int i = 160; i < 192; ++i) as_expected &= std::isnan(all[std::size_t(i)]);  // no commit
  CHECK(as_expected);
  std::vector<float> y(192);
  CHECK_THROWS_WITH_AS(emulate(&copies_all, {1}, {32}, 192 * 4, x + 1, y.data(), 32),
                       "emulated kernel: copy_async: global memory: an address that is no multiple "
                       "of 16",
                       Error);
}

#ifdef TESSERA_TEST_NVRTC
TEST_CASE("the device text compiles without a diagnostic") {
  const std::string source =
      std::string(intrinsics_text) + "\nnamespace tessera::cuda {\n" + kernels_text + "\n}\n";
  for (const char* architecture : {"sm_80", "sm_90", "sm_100"}) {
    nvrtcProgram program;
    REQUIRE(nvrtcCreateProgram(&program, source.c_str(), "kernels", 0, nullptr, nullptr) ==
            NVRTC_SUCCESS);
    const std::string option = std::string("--gpu-architecture=") + architecture;
    const char* const options[] = {option.c_str(), "--std=c++20", "-default-device"};
    const nvrtcResult result = nvrtcCompileProgram(program, 3, options);
    std::size_t bytes = 0;
    nvrtcGetProgramLogSize(program, &bytes);
    std::string log(bytes, '\0');
    nvrtcGetProgramLog(program, log.data());
    INFO(architecture, ": ", log);
    CHECK(result == NVRTC_SUCCESS);
    CHECK(bytes <= 1);  // the terminating zero
    std::size_t cubin = 0;
    CHECK(nvrtcGetCUBINSize(program, &cubin) == NVRTC_SUCCESS);
    CHECK(cubin > 0);
    nvrtcDestroyProgram(&program);
  }
}
#endif

}  // namespace
