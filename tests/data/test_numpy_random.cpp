// SPDX-License-Identifier: BSD-3-Clause
// NumPy's integers and the reference's masks, compared with what NumPy gives.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <tessera/data/numpy_masks.hpp>
#include <tessera/data/numpy_random.hpp>

using tessera::FixedMasks;
using tessera::numpy_line_masks;
using tessera::NumpyRandom;

namespace {

// 64-bit FNV-1a, byte by byte.
constexpr std::uint64_t fnv_start = 0xcbf29ce484222325u;
constexpr std::uint64_t fnv(std::uint64_t hash, std::uint8_t byte) {
  return (hash ^ byte) * 0x100000001b3u;
}

constexpr int least = std::numeric_limits<int>::min();

struct Golden {
  std::uint64_t seed;
  int low, high;
  std::vector<int> first;
  std::uint64_t hash;  // of 10,000 numbers of four bytes, the lowest first
};

// Made with NumPy 2.4.6: rng = np.random.default_rng(seed); [rng.integers(low, high) ...] for the
// first ones, and the hash of default_rng(seed).integers(low, high, 10000).astype("<i4").
const std::vector<Golden> goldens{
    {0u, 1, 10, {8, 6, 5, 3, 3, 1}, 0x27e311348571ccc6u},
    {0u, 0, 31, {26, 19, 15, 8, 9, 1}, 0x0ac0093ffd266d9bu},
    {0u, 1, 3, {2, 2, 2, 1, 1, 1}, 0x59fb121de6ce2575u},
    {0u, 0, 1000003, {850626, 636963, 511138, 269787, 307830, 40973}, 0x1f21db086e149475u},
    {0u,
     0,
     2147483647,
     {1826701614, 1367864806, 1097657231, 579362555, 661058651, 87989972},
     0x538c2207ca0f4639u},
    {0u,
     least,
     1073741824,
     {592568775, -95686437, -500997800, -2015498690, -1905118187, -2094244408},
     0x4277f216dfb67fe0u},
    {0u,
     least,
     2147483647,
     {1505919582, 588245966, 47830816, -988758537, -825366345, -1971503704},
     0x6e5ed7726df6d1deu},
    {7u, 1, 10, {9, 6, 7, 9, 6, 7}, 0x579ee7e04c22d24au},
    {7u, 0, 31, {29, 19, 21, 27, 17, 24}, 0xe29fa5ee8d2aac55u},
    {7u, 1, 3, {2, 2, 2, 2, 2, 2}, 0xe3d46eef2ef99615u},
    {7u, 0, 1000003, {944907, 625097, 684181, 897216, 578294, 775688}, 0x47a17c6fe2e22068u},
    {7u,
     0,
     2147483647,
     {2029167940, 1342382291, 1469265225, 1926751965, 1241873584, 1665772334},
     0x039423ac37e9d954u},
    {7u,
     least,
     1073741824,
     {896268264, -133910210, 56414191, -284673271, 351174855, 537894257},
     0x5c4bbcdffa5fe1e5u},
    {7u,
     least,
     2147483647,
     {1910852234, 537280936, 791046804, 1706020283, 336263521, 1184061022},
     0x2ca28575e855d46fu},
    {12345u, 1, 10, {7, 3, 8, 3, 2, 8}, 0x058bceedb562f16du},
    {12345u, 0, 31, {21, 7, 24, 9, 6, 24}, 0x2f7691769dd69a1eu},
    {12345u, 1, 3, {2, 1, 2, 1, 1, 2}, 0xdfd7ccd22c4e94c5u},
    {12345u, 0, 1000003, {699217, 227336, 788649, 316759, 204177, 797367}, 0xdbc55f6f3b30a47du},
    {12345u,
     0,
     2147483647,
     {1501552845, 488200390, 1693606510, 680233354, 438466540, 1712329280},
     0x1d85d498e958f474u},
    {12345u,
     least,
     1073741824,
     {104845621, -1415183063, 392926118, -1127133617, -1489783838, 421010273},
     0x8ede43abbd026e63u},
    {12345u,
     least,
     2147483647,
     {855622044, -1171082868, 1239729373, -787016940, -1270550568, 1277174913},
     0x13bce61b16ea119au},
    {18446744073709551615u, 0, 31, {16, 21, 29, 26, 11, 0}, 0x9c202cbd74a4a1a0u},
};

struct GoldenMasks {
  std::uint64_t seed;
  std::size_t count;
  int size;
  std::uint64_t hash;  // of the holes, one byte a pixel
  std::size_t holes;
};

// Made with NumPy 2.4.6: 1 - line_masks(np.random.default_rng(seed), count, size).
const std::vector<GoldenMasks> golden_masks{
    {12345u, 1000, 32, 0x8414648e71c05236u, 127697},
    {7u, 100, 20, 0x58d094b60da5176eu, 8103},
    {0u, 50, 2, 0xdd30c1442a3bc7bdu, 134},  // end points take no number
    {~std::uint64_t{0}, 50, 64, 0x0554ec1ef2119b40u, 12959},
};

constexpr std::uint64_t raw(std::uint64_t seed, int index) {
  NumpyRandom random(seed);
  for (int i = 0; i < index; ++i) random.next64();
  return random.next64();
}
// bit_generator.random_raw(): PCG64 seeded by SeedSequence
static_assert(raw(0, 0) == 0xa30febcfd9c2825f && raw(0, 3) == 0x043b27b61342f01d);
static_assert(raw(7, 0) == 0xa00641a9f1e54a8b && raw(7, 3) == 0x39a72dabd56a2742);
static_assert(raw(12345, 0) == 0x3a32b18db2ffc19d && raw(12345, 3) == 0xad1f06aea486e910);
static_assert(raw(~0ull, 0) == 0xae163a7a8c47568f && raw(~0ull, 3) == 0xe5026aaf19a22db1);

}  // namespace

TEST_CASE("numpy random: integers are NumPy's") {
  for (const Golden& golden : goldens) {
    CAPTURE(golden.seed);
    CAPTURE(golden.low);
    CAPTURE(golden.high);
    NumpyRandom random(golden.seed);
    std::vector<int> first;
    std::uint64_t hash = fnv_start;
    for (int i = 0; i < 10'000; ++i) {
      const int value = random.integer(golden.low, golden.high);
      if (first.size() < golden.first.size()) first.push_back(value);
      for (unsigned shift = 0; shift < 32; shift += 8)
        hash = fnv(hash, static_cast<std::uint8_t>(static_cast<std::uint32_t>(value) >> shift));
    }
    CHECK(first == golden.first);
    CHECK(hash == golden.hash);
  }
}

TEST_CASE("numpy random: the spare half outlives a change of range; one value takes no number") {
  NumpyRandom random(12345);
  std::vector<int> values;
  for (const auto& [low, high] : std::vector<std::pair<int, int>>{
           {1, 10}, {5, 6}, {1, 32}, {0, 1000003}, {-4, -3}, {0, 2147483647}, {-5, 5}, {1, 3}})
    values.push_back(random.integer(low, high));
  CHECK(values == std::vector<int>{7, 5, 8, 788649, -4, 680233354, -3, 2});
  CHECK_THROWS_WITH_AS(random.integer(3, 3), "NumpyRandom: expected low < high, got 3 and 3",
                       tessera::ArgumentError);
}

TEST_CASE("numpy masks: the reference's, every pixel") {
  for (const GoldenMasks& golden : golden_masks) {
    CAPTURE(golden.seed);
    const FixedMasks masks = numpy_line_masks(golden.seed, golden.count, golden.size);
    REQUIRE(masks.size() == golden.count);
    CHECK(masks.height() == golden.size);
    CHECK(masks.width() == golden.size);
    std::uint64_t hash = fnv_start;
    std::size_t holes = 0;
    for (std::size_t i = 0; i < masks.size(); ++i)
      for (const std::uint8_t hole : masks.plane(i)) {
        hash = fnv(hash, hole);
        holes += hole;
      }
    CHECK(hash == golden.hash);
    CHECK(holes == golden.holes);
  }
}

TEST_CASE("numpy masks: the share of holes that the reference prints") {
  const FixedMasks masks = numpy_line_masks(12345, 1000);
  double sum = 0;
  for (std::size_t i = 0; i < masks.size(); ++i) sum += tessera::hole_ratio(masks.plane(i));
  CHECK(sum / 1000 == doctest::Approx(0.1247).epsilon(0.0004));  // 0.12470 to four digits
  CHECK(numpy_line_masks(12345, 0).size() == 0);
  CHECK_THROWS_WITH_AS(numpy_line_masks(12345, 1, 1),
                       "numpy_line_masks: expected a size of at least 2 pixels, got 1",
                       tessera::ArgumentError);
}
