// SPDX-License-Identifier: BSD-3-Clause
// Input channels left to the compiler: the same tensors, initial values, work and gradients as with
// the numbers written out; what cannot be deduced, or no longer fits at run time, is refused.
#include <doctest/doctest.h>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm1d.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/channels.hpp>
#include <tessera/layers/channelwise_fc.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/layers/flatten.hpp>
#include <tessera/layers/group_norm.hpp>
#include <tessera/layers/instance_norm2d.hpp>
#include <tessera/layers/layer_norm.hpp>
#include <tessera/layers/linear.hpp>
#include <tessera/layers/lstm.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

constexpr Window half = kernel(4).stride(2).padding(1);
// In is the input's channels, or `any`; every layer behind is told as much.
template <int In>
constexpr int or_any(int n) {
  return In == any ? any : n;
}
template <int In>
using Images = Network<Input<6, 7, 3>, Conv2d<or_any<In>(3), 4, kernel(3).same()>,
                       BatchNorm2d<or_any<In>(4)>, SkipConcat<InstanceNorm2d<or_any<In>(4)>>,
                       GroupNorm<2, or_any<In>(8)>, ConvTranspose2d<or_any<In>(8), 5, half>, Tanh,
                       LayerNorm<or_any<In>(5)>, Linear<or_any<In>(5), 2, no_bias()>>;
template <int In>
using Masked = Network<MaskedInput<6, 5, 3>,
                       SkipConcat<PartialConv2d<or_any<In>(3), 4, kernel(5).same()>, Tanh>,
                       PartialConv2d<or_any<In>(7), 2, kernel(3).same()>>;
template <int In>
using Features = Network<Input<3, 5, 4>, LSTM<or_any<In>(4), 3, 2, bidirectional()>,
                         ChannelwiseFC<or_any<In>(3), or_any<In>(5), or_any<In>(6)>, Flatten,
                         BatchNorm1d<or_any<In>(90)>, Linear<or_any<In>(90), 3>>;

/// Tensors, their initial values, kept bytes, work, and an output: all of both networks.
template <class Told, class Deduced>
void expect_same(const Shape& in) {
  const Structure &a = Told::structure, &b = Deduced::structure;
  REQUIRE(a.operations.size() == b.operations.size());
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (std::size_t t = 0; t < a.tensors.size(); ++t) {
    CHECK(name_of(a, a.tensors[t]) == name_of(b, b.tensors[t]));
    CHECK(a.tensors[t].parameter.dims == b.tensors[t].parameter.dims);
  }
  for (std::size_t i = 0; i < a.operations.size(); ++i) {
    const Operation &one = a.operations[i], &other = b.operations[i];
    InputShapes x;
    for (int k = 0; k < one.input_count; ++k)
      x.shape[x.count++] = a.values[static_cast<std::size_t>(one.input[k])].shape;
    const Shape y = a.values[static_cast<std::size_t>(one.output)].shape;
    CHECK(y == b.values[static_cast<std::size_t>(other.output)].shape);
    CHECK(one.layer->flops(x, y) == other.layer->flops(x, y));
    CHECK(one.layer->saved(x, y).per_sample == other.layer->saved(x, y).per_sample);
    CHECK(one.layer->saved(x, y).per_batch == other.layer->saved(x, y).per_batch);
    for (const bool backward : {false, true})
      for (const std::size_t scalar : {sizeof(float), sizeof(double)}) {
        const WorkspaceRequest request{x, y, 3, scalar, backward};
        CHECK(one.layer->workspace(request) == other.layer->workspace(request));
      }
  }
  Model<Told> told(Seed{5});
  Model<Deduced> deduced(Seed{5});
  for (const NamedTensor& t : told.tensors()) CHECK(told.get(t.name) == deduced.get(t.name));
  auto first = told.pass({.batch = 2});
  auto second = deduced.pass({.batch = 2});
  RandomStream random(Seed{6}, 0);
  for (std::ptrdiff_t i = 0; i < 2 * in.size(); ++i)
    first.input().data[i] = second.input().data[i] = static_cast<float>(random.normal());
  for (auto* pass : {&first, &second}) {
    const auto valid = pass->input_valid();
    for (int n = 0; n < valid.batch; ++n)
      for (int h = 0; h < valid.height; ++h)
        for (int w = 0; w < valid.width; ++w) *valid.pixel(n, h, w) = (h + 2 * w + n) % 3 != 0;
    pass->forward();
  }
  for (std::ptrdiff_t i = 0; i < first.output().size(); ++i)
    CHECK(first.output().data[i] == second.output().data[i]);
}

}  // namespace

TEST_CASE("any: gradients of layers whose channels are deduced") {
  expect_gradients<Images<any>>({{6, 7, 3}, {3, 5, 3}});
  expect_gradients<Masked<any>>({{6, 5, 3}, {5, 9, 3}});
  expect_gradients<Features<any>>({}, {.mode = Mode::evaluate});  // one sample has no variance
}

TEST_CASE("any: tensors, initial values, memory, work and outputs are those of the told numbers") {
  expect_same<Images<3>, Images<any>>({6, 7, 3});
  expect_same<Masked<3>, Masked<any>>({6, 5, 3});
  expect_same<Features<3>, Features<any>>({3, 5, 4});
}

TEST_CASE("any: initial values follow the deduced fan-in") {
  const auto bound = [](const Parameter& p) { return p.initializer.value; };
  const Shape in{4, 4, 50};
  CHECK(bound(Conv2d<any, 8, kernel(3)>::parameters(in)[0]) ==
        doctest::Approx(1 / std::sqrt(450.0)));
  CHECK(bound(Conv2d<any, 8, kernel(3)>::parameters(in)[1]) ==
        doctest::Approx(1 / std::sqrt(450.0)));
  CHECK(bound(PartialConv2d<any, 8, kernel(3)>::parameters(in)[0]) ==
        doctest::Approx(std::sqrt(2 / 450.0)));
  CHECK(bound(Linear<any, 8>::parameters(in)[1]) == doctest::Approx(1 / std::sqrt(50.0)));
  CHECK(bound(ChannelwiseFC<>::parameters(in)[0]) == doctest::Approx(0.25));
}

TEST_CASE("any: a run-time size that changes deduced channels is refused") {
  using Net = Network<Input<8, 8, 3>, MaxPool2d<2>, Flatten, Named<"fc", Linear<any, 5>>>;
  Model<Net> model;
  CHECK_NOTHROW(model.pass({.batch = 1, .inputs = {{9, 9, 3}}}));  // pooled to 4x4 too
  CHECK_THROWS_WITH_AS(model.pass({.batch = 1, .inputs = {{8, 10, 3}}}),
                       doctest::Contains("the layer's parameters were made for another image size"),
                       ShapeError);
  using Norm = Network<Input<2, 2, 3>, Flatten, BatchNorm1d<>>;
  CHECK_THROWS_AS(Model<Norm>().pass({.batch = 2, .inputs = {{2, 3, 3}}}), ShapeError);
  using Middle = Network<Input<4, 4, 3>, ChannelwiseFC<>>;
  CHECK_THROWS_AS(Model<Middle>().pass({.batch = 2, .inputs = {{4, 5, 3}}}), ShapeError);
}

TEST_CASE("any: what is checked all the same") {
  static_assert(Conv2d<any, 8, kernel(5)>::output_shape(Shape{4, 4, 3}).complaint ==
                Complaint::window);
  static_assert(GroupNorm<4>::output_shape(Shape{4, 4, 8}).shape.channels == 8);
  static_assert(GroupNorm<4>::output_shape(Shape{4, 4, 6}).complaint == Complaint::groups);
  static_assert(LSTM<any, 4>::output_shape(Shape{4, 4, 6}.with_mask()).complaint ==
                Complaint::masked);
  static_assert(Linear<any, 4>::output_shape(Shape{4, 4, 0}).complaint == Complaint::channels);
  static_assert(BatchNorm2d<3>::output_shape(Shape{4, 4, 4}).complaint == Complaint::channels);
}

TEST_CASE("same(): odd kernels keep the size at stride 1 and give ceil(n / stride) pixels") {
  for (const int k : {1, 3, 5, 7, 11})
    for (const int n : {11, 12, 13, 31})
      for (const int s : {1, 2, 3, 4}) {
        CHECK(kernel(k).stride(s).same().output_size(n) == (n + s - 1) / s);
        CHECK(kernel(k).same().stride(s).pad == k / 2);
      }
  static_assert(kernel(5).same().no_bias().pad == 2 && !kernel(5).same().no_bias().with_bias);
  for (const int k : {2, 4, 6}) CHECK_THROWS_AS(kernel(k).same(), ArgumentError);
}
