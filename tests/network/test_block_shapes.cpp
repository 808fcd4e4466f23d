// SPDX-License-Identifier: BSD-3-Clause
// block_shapes and has_blocks: the last output of every outermost block, and nothing else.
#include <doctest/doctest.h>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/network/block_shapes.hpp>

using namespace tessera;

namespace {

// b begins inside a's skip and ends before it; unnamed layers stand between.
struct Inner : Sequential<MaxPool2d<2>, Named<"b", Named<"conv", Conv2d<8, 6, kernel(1)>>, ReLU>> {
};
using Net = Network<Input<12, 12, 3>,
                    Named<"a", Named<"conv", Conv2d<3, 8, kernel(3).same()>>, MaxPool2d<2>>, ReLU,
                    Inner, Named<"c", Conv2d<6, 2, kernel(3)>>>;
using Wide = Network<Input<12, 10, 3>, Named<"a", Conv2d<3, 8, kernel(3).same()>>>;

}  // namespace

static_assert(has_blocks<Net>("8@6 6@3 2@1"));
static_assert(!has_blocks<Net>("8@6 6@3"));
static_assert(!has_blocks<Net>("8@6 6@3 2@1 2@1"));
static_assert(!has_blocks<Net>("8@6 6@3 2@2"));
static_assert(!has_blocks<Net>("8@6 6@3 20@1"));
static_assert(!has_blocks<Net>(""));
static_assert(!has_blocks<Wide>("8@12"));

TEST_CASE("shapes of blocks that are not square") {
  const Grow<Shape> shapes = block_shapes(structure<Wide>);
  REQUIRE(shapes.size() == 1);
  CHECK(shapes[0] == Shape{12, 10, 8});
}
