// SPDX-License-Identifier: BSD-3-Clause
// The mask path of partial convolutions against its scalar twin, and known counts at the border.
#include <algorithm>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <tessera/kernels/conv2d.hpp>

#include "conv2d_scalar.hpp"
#include "fixture.hpp"

namespace {
using namespace tessera;
using kernels::Conv2dProblem;

struct Mask {
  std::vector<std::uint8_t> bytes;
  ValidView view;

  Mask(int n, int h, int w, const MaskGroups& groups, unsigned keep_one_in)
      : bytes(static_cast<std::size_t>(n * h * w * groups.count)) {
    std::uint32_t state = 99;
    for (auto& b : bytes) {
      state = state * 1664525u + 1013904223u;
      b = keep_one_in > 0 && (state >> 16) % keep_one_in == 0;
    }
    view = {bytes.data(), n, h, w, groups};
  }
};

Conv2dProblem problem_of(int n, int h, int w, int channels, int kernel, int stride, int padding) {
  return {n,
          h,
          w,
          channels,
          (h + 2 * padding - kernel) / stride + 1,
          (w + 2 * padding - kernel) / stride + 1,
          1,
          kernel,
          stride,
          padding};
}

template <class T>
void check(const Conv2dProblem& p, ValidView valid) {
  const std::vector<int> counts = scalar::partial_conv2d_counts(p, valid);
  std::vector<T> first;
  for (int threads : test::thread_counts) {
    std::vector<T> scale(counts.size() + 1, T(-7));
    std::vector<std::uint8_t> y_valid(counts.size() + 1, 9);
    kernels::partial_conv2d_mask<T>(Context<Cpu>{threads}, p, valid, scale.data(),
                                    {y_valid.data(), p.batch, p.out_height, p.out_width, {1, {1}}});
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const double window = p.kernel * p.kernel * p.in_channels;
      CHECK(test::near<T>(scale[i], counts[i] > 0 ? window / counts[i] : 0.0, 2));
      CHECK(y_valid[i] == (counts[i] > 0));
    }
    CHECK(scale.back() == T(-7));
    CHECK(y_valid.back() == 9);
    if (threads == 1) first = scale;
    CHECK(test::same_bits(first, scale));
  }
}

TEST_CASE("partial_conv2d_mask: against the scalar twin") {
  const MaskGroups cuts[] = {{1, {7}}, {2, {3, 4}}, {3, {1, 5, 1}}};
  for (const MaskGroups& groups : cuts)
    for (unsigned keep : {0u, 1u, 2u, 9u})
      for (int kernel : {1, 3, 4, 5})
        for (int stride : {1, 2, 3})
          for (int padding = 0; padding < std::min(kernel, 4); ++padding) {
            const Mask mask(2, 7, 6, groups, keep);
            const Conv2dProblem p = problem_of(2, 7, 6, 7, kernel, stride, padding);
            check<float>(p, mask.view);
            check<double>(p, mask.view);
          }
}

TEST_CASE("partial_conv2d_mask: without a mask only the padding counts as hole") {
  const Conv2dProblem p = problem_of(1, 5, 5, 4, 3, 1, 1);
  check<float>(p, {});
}

TEST_CASE("partial_conv2d_mask: counts at the border") {
  const Mask mask(1, 4, 4, {1, {3}}, 1);  // everything valid
  const Conv2dProblem p = problem_of(1, 4, 4, 3, 3, 1, 1);
  std::vector<double> scale(16);
  std::vector<std::uint8_t> y_valid(16);
  kernels::partial_conv2d_mask<double>({1}, p, mask.view, scale.data(),
                                       {y_valid.data(), 1, p.out_height, p.out_width, {1, {1}}});
  CHECK(scale[0] == 9.0 / 4.0);   // corner: 4 of 9 pixels
  CHECK(scale[1] == 27.0 / 18.0);  // edge: 6 of 9
  CHECK(scale[5] == 1.0);
  CHECK(y_valid[0] == 1);
}

TEST_CASE("partial_conv2d_mask: one valid pixel") {
  Mask mask(1, 3, 3, {2, {8, 24}}, 0);
  mask.bytes[2 * 4 + 1] = 1;  // centre, group of 24 channels
  const Conv2dProblem p = problem_of(1, 3, 3, 32, 3, 2, 1);
  std::vector<float> scale(4);
  std::vector<std::uint8_t> y_valid(4);
  kernels::partial_conv2d_mask<float>({1}, p, mask.view, scale.data(),
                                      {y_valid.data(), 1, p.out_height, p.out_width, {1, {1}}});
  for (int i = 0; i < 4; ++i) CHECK(scale[static_cast<std::size_t>(i)] == 12.0f);
}
}  // namespace
