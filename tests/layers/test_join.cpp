// SPDX-License-Identifier: BSD-3-Clause
// Concat, Sum and Product: gradients, order of channels, masks, complaints.
#include <doctest/doctest.h>

#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

constexpr Window same = kernel(3).same();
using Skip = Network<Input<5, 7, 3>, SkipConcat<Conv2d<3, 2, same>>, Conv2d<5, 3, same>>;
using Twice = Network<Input<5, 3, 3>, Conv2d<3, 2, same>, SkipConcat<>, Conv2d<4, 2, same>>;
using Add = Network<Input<3, 5, 3>, Conv2d<3, 3, same>, Residual<Conv2d<3, 3, same>>,
                    Residual<>>;  // the last adds a value to itself
using AddMasked = Network<MaskedInput<5, 5, 1>, Residual<PartialConv2d<1, 1, same>>,
                          PartialConv2d<1, 1, kernel(1)>>;

constexpr Complaint concat(Shape a, Shape b) {
  return Concat::output_shape(InputShapes{{a, b}, 2}).complaint;
}
constexpr Complaint sum(Shape a, Shape b) {
  return Sum::output_shape(InputShapes{{a, b}, 2}).complaint;
}

/// conv(x) conv(x), and its square.
struct Squared {
  static constexpr Value lower(auto& b, Value x) {
    const Value y = b.product(b.add(Conv2d<2, 3, same>{}, x), b.add(Conv2d<2, 3, same>{}, x));
    return b.product(y, y);
  }
};
/// x times a partial convolution of it.
struct Weighed {
  static constexpr Value lower(auto& b, Value x) {
    return b.product(x, b.add(PartialConv2d<1, 1, same>{}, x));
  }
};
using Multiply = Network<Input<3, 5, 2>, Squared, Conv2d<3, 2, same>>;
using MultiplyMasked = Network<MaskedInput<5, 5, 1>, Weighed, PartialConv2d<1, 1, kernel(1)>>;
constexpr Complaint product(Shape a, Shape b) {
  return Product::output_shape(InputShapes{{a, b}, 2}).complaint;
}

}  // namespace

TEST_CASE("joins: gradients, also of a value joined with itself") {
  expect_gradients<Skip>();
  expect_gradients<Twice>();
  expect_gradients<Add>();
  expect_gradients<AddMasked>();
  expect_gradients<Multiply>();
  expect_gradients<MultiplyMasked>();
}

TEST_CASE("Concat: shapes, mask groups in order, complaints") {
  constexpr Shape a{4, 6, 2}, b{4, 6, 3};
  static_assert(Concat::output_shape(InputShapes{{a, b, a}, 3}).shape == Shape{4, 6, 7});
  constexpr Shape joined =
      Concat::output_shape(InputShapes{{a.with_mask(), b.with_mask()}, 2}).shape;
  static_assert(joined == Shape{4, 6, 5, MaskGroups{2, {2, 3}}});
  constexpr Shape more = Concat::output_shape(InputShapes{{joined, a.with_mask()}, 2}).shape;
  static_assert(more.mask == MaskGroups{3, {2, 3, 2}});
  static_assert(concat(a, Shape{4, 5, 2}) == Complaint::concat_size);
  static_assert(concat(a, Shape{3, 6, 2}) == Complaint::concat_size);
  static_assert(concat(a, b.with_mask()) == Complaint::concat_mask);
  static_assert(concat(a.with_mask(), b) == Complaint::concat_mask);
  constexpr Shape five{4, 6, 5, MaskGroups{5, {1, 1, 1, 1, 1}}};
  static_assert(concat(five, five) == Complaint::too_many_groups);
}

TEST_CASE("Sum: shapes, a position is valid where both are, complaints") {
  constexpr Shape a{4, 6, 2};
  static_assert(Sum::output_shape(InputShapes{{a, a}, 2}).shape == a);
  static_assert(sum(a, Shape{4, 6, 3}) == Complaint::sum_shape);
  static_assert(sum(a, Shape{4, 5, 2}) == Complaint::sum_shape);
  static_assert(sum(a, a.with_mask()) == Complaint::sum_shape);
  static_assert(Sum::output_shape(InputShapes{{a}, 1}).complaint == Complaint::input_count);

  Model<AddMasked> model;  // the last layer's output is 0 where its input is not valid, else 1
  model.set("1.weight", std::vector<float>{0});
  model.set("1.bias", std::vector<float>{1});
  auto pass = model.pass({});
  for (std::ptrdiff_t i = 0; i < 25; ++i) pass.input_valid().data[i] = i % 4 == 0;
  std::fill_n(pass.input().data, 25, 1.0f);
  pass.forward();
  for (std::ptrdiff_t i = 0; i < 25; ++i) CHECK(pass.output().data[i] == (i % 4 == 0 ? 1 : 0));
}

TEST_CASE("Product: shapes, values, a position is valid where both are, complaints") {
  constexpr Shape a{4, 6, 2};
  static_assert(Product::output_shape(InputShapes{{a, a}, 2}).shape == a);
  static_assert(product(a, Shape{4, 6, 3}) == Complaint::product_shape);
  static_assert(product(a, Shape{4, 5, 2}) == Complaint::product_shape);
  static_assert(product(a, a.with_mask()) == Complaint::product_shape);
  static_assert(Product::output_shape(InputShapes{{a}, 1}).complaint == Complaint::input_count);
  CHECK(sentence(Complaint::product_shape) ==
        "a product needs two inputs of one shape and mask layout");

  Model<MultiplyMasked> model;  // y = 5 x 2 where x is valid: 0.bias, then the last weight
  model.set("0.weight", std::vector<float>(9));
  model.set("0.bias", std::vector<float>{5});
  model.set("1.weight", std::vector<float>{2});
  model.set("1.bias", std::vector<float>{0});
  auto pass = model.pass({});
  for (std::ptrdiff_t i = 0; i < 25; ++i) {
    pass.input_valid().data[i] = i % 4 == 0;
    pass.input().data[i] = static_cast<float>(i);
  }
  pass.forward();
  for (std::ptrdiff_t i = 0; i < 25; ++i)
    CHECK(pass.output().data[i] == (i % 4 == 0 ? 10 * static_cast<float>(i) : 0));
}
