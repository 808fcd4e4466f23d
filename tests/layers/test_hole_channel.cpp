// SPDX-License-Identifier: BSD-3-Clause
// HoleChannel: gradients, values, NaN in holes, shapes, complaints.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/hole_channel.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/network/model.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

constexpr Window same = kernel(3).padding(1);
using Alone = Network<MaskedInput<5, 7, 3>, HoleChannel>;
using Before = Network<MaskedInput<5, 7, 3>, HoleChannel, Conv2d<4, 2, same>>;
/// Reads and writes slices.
using Between = Network<MaskedInput<3, 5, 2>, PartialConv2d<2, 3, kernel(2)>, HoleChannel,
                        SkipConcat<Conv2d<4, 2, same>>, Conv2d<6, 2, kernel(1)>>;

}  // namespace

TEST_CASE("HoleChannel: gradients") {
  for (const double share : {0.0, 0.3, 1.0}) {
    expect_gradients<Alone>({{5, 7, 3}, {1, 1, 3}}, {.hole_share = share});
    expect_gradients<Before>({{5, 7, 3}, {1, 3, 3}}, {.hole_share = share});
  }
  expect_gradients<Between>({}, {.hole_share = 0.7});
}

TEST_CASE("HoleChannel: 0 in the holes, the holes behind, whatever lies in them") {
  Model<Alone> model;
  auto pass = model.pass({.batch = 2});
  for (std::ptrdiff_t p = 0; p < 70; ++p) {
    const bool valid = p % 3 != 1;
    pass.input_valid().data[p] = valid;
    for (int c = 0; c < 3; ++c)
      pass.input().pixel(p)[c] =
          valid ? static_cast<float>(3 * p + c) : std::numeric_limits<float>::quiet_NaN();
  }
  pass.forward();
  REQUIRE(pass.output().shape() == Shape{5, 7, 4});
  for (std::ptrdiff_t p = 0; p < 70; ++p) {
    const bool valid = p % 3 != 1;
    for (int c = 0; c < 3; ++c)
      CHECK(pass.output().pixel(p)[c] == (valid ? static_cast<float>(3 * p + c) : 0));
    CHECK(pass.output().pixel(p)[3] == (valid ? 0 : 1));
  }
}

TEST_CASE("HoleChannel: shapes and complaints") {
  constexpr Shape s{5, 7, 3};
  static_assert(HoleChannel::output_shape(s.with_mask()).shape == Shape{5, 7, 4});
  static_assert(HoleChannel::output_shape(s).complaint == Complaint::not_masked);
  static_assert(HoleChannel::output_shape(Shape{5, 7, 3, MaskGroups{2, {1, 2}}}).complaint ==
                Complaint::not_accepted);
  static_assert(output_mask<Alone>.count == 0);
  static_assert(parameter_count<Alone> == 0);
}
