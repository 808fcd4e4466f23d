// SPDX-License-Identifier: BSD-3-Clause
// The generator: published known answers of Philox4x32-10 [salmon2011], distributions,
// independence.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <tessera/tensor/random.hpp>

using namespace tessera;
using Block = std::array<std::uint32_t, 4>;

static_assert(philox(0, 0, 0) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox(~0ull, ~0ull, ~0ull) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
// digits of pi: counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0
static_assert(philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88) ==
              Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
static_assert(to_uniform(0) == 0.0 && to_uniform(~0u) < 1.0);
static_assert(static_cast<float>(to_uniform(~0u)) < 1.0f);

TEST_CASE("random: a stream is the sequence of its blocks") {
  RandomStream stream(Seed{5}, 9);
  for (std::uint64_t i = 0; i < 3; ++i)
    for (std::uint32_t word : philox(5, 9, i)) CHECK(stream.next() == word);
}

TEST_CASE("random: moments of uniform and normal numbers") {
  const int n = 200000;
  double mean[2] = {}, square[2] = {}, fourth = 0, lowest = 1, highest = 0;
  RandomStream uniform(Seed{1}, 2), normal(Seed{1}, 3);
  for (int i = 0; i < n; ++i) {
    const double u = uniform.uniform(), z = normal.normal();
    mean[0] += u / n, square[0] += u * u / n;
    mean[1] += z / n, square[1] += z * z / n, fourth += z * z * z * z / n;
    lowest = std::min(lowest, u), highest = std::max(highest, u);
    REQUIRE(std::isfinite(z));
  }
  CHECK(mean[0] == doctest::Approx(0.5).epsilon(0.005));
  CHECK(square[0] - mean[0] * mean[0] == doctest::Approx(1.0 / 12).epsilon(0.01));
  CHECK((lowest >= 0 && lowest < 1e-3 && highest < 1 && highest > 0.999));
  CHECK(std::fabs(mean[1]) < 0.01);
  CHECK(square[1] == doctest::Approx(1).epsilon(0.015));
  CHECK(fourth == doctest::Approx(3).epsilon(0.05));
}

TEST_CASE("random: integers cover [low, high) evenly") {
  RandomStream stream(Seed{3}, 0);
  std::vector<int> count(7);
  const int n = 70000;
  for (int i = 0; i < n; ++i) {
    const int v = stream.integer(-3, 4);
    REQUIRE((v >= -3 && v < 4));
    ++count[static_cast<std::size_t>(v + 3)];
  }
  double chi = 0;  // six degrees of freedom: beyond 22.5 with probability 0.001
  for (int c : count) chi += (c - n / 7.0) * (c - n / 7.0) / (n / 7.0);
  CHECK(chi < 22.5);
  CHECK(stream.integer(5, 6) == 5);
  // a range just above half of 2^31: without rejection small values would come twice as often
  int low = 0;
  for (int i = 0; i < 30000; ++i) low += stream.integer(0, 0x60000000) < 0x20000000;
  CHECK(low / 30000.0 == doctest::Approx(1.0 / 3).epsilon(0.05));
}

TEST_CASE("random: streams and seeds do not correlate, mix keeps them apart") {
  const int n = 100000;
  double across = 0, along = 0;
  RandomStream a(Seed{1}, 0), b(Seed{1}, 1), c(Seed{2}, 0);
  for (int i = 0; i < n; ++i) {
    const double x = a.uniform() - 0.5;
    across += x * (b.uniform() - 0.5) * 12 / n;
    along += x * (c.uniform() - 0.5) * 12 / n;
  }
  CHECK((std::fabs(across) < 0.015 && std::fabs(along) < 0.015));
  std::vector<std::uint64_t> keys;
  for (std::uint64_t i = 0; i < 100; ++i)
    for (std::uint64_t j = 0; j < 100; ++j) keys.push_back(mix(i, j));
  std::sort(keys.begin(), keys.end());
  CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
}
