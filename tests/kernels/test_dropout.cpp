// SPDX-License-Identifier: BSD-3-Clause
// Dropout against a scalar twin, element by element: all layouts, in place, any number of threads.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/dropout.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

namespace {

constexpr std::uint64_t key = 0x123456789ABCDEFu, stream = 0xFEDCBA9876543u;

/// The definition: word e mod 4 of block e div 4.
bool kept(std::int64_t e, double probability, std::uint64_t k = key, std::uint64_t s = stream) {
  const auto block = philox(k, s, static_cast<std::uint64_t>(e / 4));
  return block[static_cast<std::size_t>(e % 4)] >= dropout_threshold(probability);
}

}  // namespace

TEST_CASE("philox_words: the same words as the scalar generator, past 32 bits of the index too") {
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{8} * 12345,
                                    std::uint64_t{0xFFFFFFF8u}, std::uint64_t{0x300000000}}) {
    std::uint32_t words[4 * philox_blocks];
    philox_words(key, stream, first, words);
    for (std::ptrdiff_t i = 0; i < philox_blocks; ++i) {
      const auto expected = philox(key, stream, first + static_cast<std::uint64_t>(i));
      for (std::ptrdiff_t k = 0; k < 4; ++k)
        CHECK(words[4 * i + k] == expected[static_cast<std::size_t>(k)]);
    }
  }
}

TEST_CASE_TEMPLATE("dropout: the twin, in every layout and in place", T, float, double) {
  for (const double probability : {0.5, 0.4, 0.9375})
    for (const Layout layout : layouts)
      for (const int c : {1, 3, 17, 33, 700}) {
        Field<T> x(2, 3, 5, c, layout, 1), y(2, 3, 5, c, Layout::slice, 2);
        dropout(Context<Cpu>{}, probability, {key, stream}, x, y.view());
        const T scale = static_cast<T>(1 / (1 - probability));
        for (std::ptrdiff_t p = 0; p < 30; ++p)
          for (int i = 0; i < c; ++i)
            CHECK(y.at(p, i) == (kept(p * c + i, probability) ? x.at(p, i) * scale : T(0)));
        dropout(Context<Cpu>{}, probability, {key, stream}, x, x.view());
        for (std::ptrdiff_t p = 0; p < 30; ++p)
          for (int i = 0; i < c; ++i) CHECK(x.at(p, i) == y.at(p, i));
        CHECK((x.intact() && y.intact()));
      }
}

TEST_CASE("dropout: the edges of a probability; NaN is dropped like any number") {
  CHECK(dropout_threshold(0) == 0);
  CHECK(dropout_threshold(0.5) == 0x80000000u);
  CHECK(dropout_threshold(1 - 0x1p-53) == 0xFFFFFFFFu);
  Field<float> x(1, 8, 8, 33), y(1, 8, 8, 33);
  dropout(Context<Cpu>{}, 0, {key, stream}, x, y.view());
  CHECK(same_bits(x.memory(), y.memory()));
  x.fill(std::numeric_limits<float>::quiet_NaN());
  dropout(Context<Cpu>{}, 0.5, {key, stream}, x, y.view());
  for (std::ptrdiff_t p = 0; p < 64; ++p)
    for (int c = 0; c < 33; ++c) {
      if (kept(p * 33 + c, 0.5)) CHECK(std::isnan(y.at(p, c)));
      else CHECK(y.at(p, c) == 0);
    }
}

TEST_CASE("dropout: the share dropped, also in each residue of 4 and each channel") {
  constexpr int channels = 12, pixels = 40000;
  for (const double probability : {0.1, 0.4, 0.5}) {
    Field<float> x(1, 200, 200, channels), y(1, 200, 200, channels);
    x.fill(1);
    dropout(Context<Cpu>{}, probability, {key, stream}, x, y.view());
    double all = 0;
    for (int c = 0; c < channels; ++c) {
      double dropped = 0;
      for (std::ptrdiff_t p = 0; p < pixels; ++p) dropped += y.at(p, c) == 0;
      const double deviation = std::sqrt(pixels * probability * (1 - probability));
      CHECK(std::fabs(dropped - pixels * probability) < 4.5 * deviation);
      all += dropped;
    }
    const double n = double{pixels} * channels;
    CHECK(std::fabs(all - n * probability) < 4.5 * std::sqrt(n * probability * (1 - probability)));
  }
}

TEST_CASE("dropout: other keys and streams are other masks; any number of threads is the same") {
  std::vector<float> first;
  for (const int threads : thread_counts) {
    Field<float> x(3, 40, 40, 17, Layout::slice), y(3, 40, 40, 17);
    dropout(Context<Cpu>{threads}, 0.4, {key, stream}, x, y.view());
    if (threads == 1) first = y.memory();
    CHECK(same_bits(first, y.memory()));
  }
  Field<float> x(1, 100, 100, 4), a(1, 100, 100, 4), b(1, 100, 100, 4);
  x.fill(1);
  const auto agree = [&](std::uint64_t k, std::uint64_t s) {
    dropout(Context<Cpu>{}, 0.5, {key, stream}, x, a.view());
    dropout(Context<Cpu>{}, 0.5, {k, s}, x, b.view());
    int same = 0;
    for (std::ptrdiff_t p = 0; p < 10000; ++p)
      for (int c = 0; c < 4; ++c) same += a.at(p, c) == b.at(p, c);
    return same;  // of 40000; independent masks: 20000 +- 100
  };
  CHECK(agree(key, stream) == 40000);
  CHECK(std::abs(agree(key + 1, stream) - 20000) < 450);
  CHECK(std::abs(agree(key, stream + 1) - 20000) < 450);
}
