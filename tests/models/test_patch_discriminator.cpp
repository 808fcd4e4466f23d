// SPDX-License-Identifier: BSD-3-Clause
// PatchDiscriminator: the documented figures, what its options change, gradients.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include <tessera/layers/pointwise.hpp>
#include <tessera/models/patch_discriminator.hpp>
#include <tessera/network/describe.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Pix2Pix = Network<Input<256, 256, 6>, PatchDiscriminator<6>>;
using Tiny = Network<Input<19, 16, 3>, PatchDiscriminator<3, 2, 2>>;
using Probabilities = Network<Input<17, 8, 2>, PatchDiscriminator<2, 3, 1, NoPatchNorm, Sigmoid>>;

/// Kernel 3 with padding 1 on one channel.
template <int Stride>
using Conv3 = Conv2d<1, 1, kernel(3).stride(Stride).same()>;
template <class... L>
using On64 = Network<Input<64, 64, 1>, L...>;

/// All names of a network's tensors, one a line.
template <class Net>
std::string names() {
  std::string all;
  for (const TensorInfo& t : structure<Net>.tensors) all += name_of(structure<Net>, t) + "\n";
  return all;
}

}  // namespace

TEST_CASE("PatchDiscriminator: the figures of pix2pix") {
  static_assert(receptive_field<PatchDiscriminator<6>> == 70);
  static_assert(receptive_field<Pix2Pix> == 70);
  static_assert(parameter_count<Pix2Pix> == 2'768'705);
  static_assert(output_shape<Pix2Pix> == Shape{30, 30, 1});
  CHECK(names<Pix2Pix>() ==
        "conv1.conv.weight\nconv1.conv.bias\n"
        "conv2.conv.weight\nconv2.bn.weight\nconv2.bn.bias\nconv2.bn.running_mean\n"
        "conv2.bn.running_var\nconv2.bn.num_batches_tracked\n"
        "conv3.conv.weight\nconv3.bn.weight\nconv3.bn.bias\nconv3.bn.running_mean\n"
        "conv3.bn.running_var\nconv3.bn.num_batches_tracked\n"
        "conv4.conv.weight\nconv4.bn.weight\nconv4.bn.bias\nconv4.bn.running_mean\n"
        "conv4.bn.running_var\nconv4.bn.num_batches_tracked\n"
        "out.conv.weight\nout.conv.bias\n");
}

TEST_CASE("PatchDiscriminator: other depths") {
  static_assert(receptive_field<PatchDiscriminator<3, 64, 1>> == 16);
  static_assert(receptive_field<PatchDiscriminator<3, 64, 2>> == 34);
  static_assert(receptive_field<PatchDiscriminator<3, 8, 4>> == 142);
  static_assert(receptive_field<PatchDiscriminator<3, 8, 5>> == 286);
  using Five = Network<Input<256, 256, 3>, PatchDiscriminator<3, 2, 5>>;
  static_assert(output_shape<Five> == Shape{6, 6, 1});
  const auto dims = [](const char* name) {
    for (const TensorInfo& t : structure<Five>.tensors)
      if (name_of(structure<Five>, t) == name) return t.parameter.dims;
    return Dims{};
  };
  CHECK(dims("conv1.conv.weight") == Dims{2, 3, 4, 4});
  CHECK(dims("conv4.conv.weight") == Dims{16, 8, 4, 4});
  CHECK(dims("conv5.conv.weight") == Dims{16, 16, 4, 4});  // 8 Base is the most
  CHECK(dims("conv6.conv.weight") == Dims{16, 16, 4, 4});
  CHECK(dims("out.conv.weight") == Dims{1, 16, 4, 4});
}

// K_{l-1} = K + S (K_l - 1) from the output to the input; see also 70, 34 and 16 above.
TEST_CASE("receptive field: the recurrence, kernels 3 with strides 2, 2, 1, 2") {
  static_assert(receptive_field<On64<Conv3<2>>> == 3);
  static_assert(receptive_field<On64<Conv3<1>, Conv3<2>>> == 5);
  static_assert(receptive_field<On64<Conv3<2>, Conv3<1>, Conv3<2>>> == 11);
  static_assert(receptive_field<On64<Conv3<2>, Conv3<2>, Conv3<1>, Conv3<2>>> == 23);
  static_assert(receptive_field<On64<Conv3<2>, Conv3<2>, Conv3<2>, Conv3<1>, Conv3<2>>> == 47);
}

TEST_CASE("PatchDiscriminator: without a norm convolutions have biases; Sigmoid at the end") {
  CHECK(names<Probabilities>() ==
        "conv1.conv.weight\nconv1.conv.bias\nconv2.conv.weight\nconv2.conv.bias\n"
        "out.conv.weight\nout.conv.bias\n");
  Model<Probabilities> model(Seed{2});
  auto pass = model.pass({.batch = 2});
  for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
    pass.input().data[i] = static_cast<float>(i % 7 - 3) * 50;
  pass.forward();
  const auto y = pass.output();
  REQUIRE(y.shape() == Shape{6, 2, 1});
  for (std::ptrdiff_t i = 0; i < y.size(); ++i) CHECK((y.data[i] > 0 && y.data[i] < 1));
}

TEST_CASE("PatchDiscriminator: weights N(0, 0.02), gains N(1, 0.02), biases 0") {
  const Model<Network<Input<64, 64, 3>, PatchDiscriminator<3, 32>>> model(Seed{3});
  const auto moments = [&](const char* name) {
    const auto v = model.get(name);
    double mean = 0, square = 0;
    for (const float x : v) mean += static_cast<double>(x) / static_cast<double>(v.size());
    for (const float x : v) square += std::pow(static_cast<double>(x) - mean, 2);
    return std::pair{mean, std::sqrt(square / static_cast<double>(v.size()))};
  };
  CHECK(moments("conv4.conv.weight").first == doctest::Approx(0).scale(1).epsilon(1e-3));
  CHECK(moments("conv4.conv.weight").second == doctest::Approx(0.02).epsilon(0.02));
  CHECK(moments("conv4.bn.weight").first == doctest::Approx(1).epsilon(0.01));
  CHECK(moments("conv4.bn.weight").second == doctest::Approx(0.02).epsilon(0.3));
  for (const char* bias : {"conv1.conv.bias", "conv4.bn.bias", "out.conv.bias"})
    for (const float b : model.get(bias)) CHECK(b == 0);
}

TEST_CASE("PatchDiscriminator: gradients") {
  expect_gradients<Tiny>({{19, 16, 3}, {23, 17, 3}});
  expect_gradients<Probabilities>();
}
