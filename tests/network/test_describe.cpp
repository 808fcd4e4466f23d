// SPDX-License-Identifier: BSD-3-Clause
// What can be asked of a network at compile time, and its summary.
#include <doctest/doctest.h>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/network/describe.hpp>

using namespace tessera;

namespace {

template <int In, int Out, int Stride>
using Conv4 = Conv2d<In, Out, kernel(4).stride(Stride).padding(1)>;
using Discriminator =
    Network<Input<64, 64, 6>, Conv4<6, 8, 2>, LeakyReLU<>, Conv4<8, 16, 2>, BatchNorm2d<16>,
            LeakyReLU<>, Conv4<16, 32, 2>, BatchNorm2d<32>, LeakyReLU<>, Conv4<32, 64, 1>,
            BatchNorm2d<64>, LeakyReLU<>, Conv4<64, 1, 1>>;
template <int Stride>
using Conv3 = Conv2d<1, 1, kernel(3).stride(Stride).same()>;
using Small = Network<MaskedInput<8, 6, 3>,
                      Named<"enc", PartialConv2d<3, 4, kernel(3).same()>, BatchNorm2d<4>>, ReLU,
                      SkipConcat<>>;

struct WholeInput {  // reads all of its input for every output position
  static constexpr std::string_view name = "whole";
  static constexpr Reach reach{0};
  static constexpr Shape output_shape(Shape in) { return in; }
};

}  // namespace

TEST_CASE("parameters, shapes, masks") {
  static_assert(parameter_count<Discriminator> == 6 * 8 * 16 + 8 + 8 * 16 * 16 + 16 + 32 +
                                                      16 * 32 * 16 + 32 + 64 + 32 * 64 * 16 + 64 +
                                                      128 + 64 * 16 + 1);
  static_assert(output_shape<Discriminator> == Shape{6, 6, 1});
  static_assert(input_shape<Discriminator> == Shape{64, 64, 6});
  static_assert(!output_mask<Discriminator>);
  static_assert(parameter_count<Small> == 4 * 3 * 9 + 4 + 8);
  static_assert(output_shape<Small> == Shape{8, 6, 8});
  static_assert(output_mask<Small> == MaskGroups{2, {4, 4}});
}

TEST_CASE("memory is known at compile time") {
  static_assert(training_memory<Discriminator>(1) < 2_MiB);
  static_assert(training_memory<Discriminator>(16) < 32_MiB);
  static_assert(training_memory<Small>(100) < 8_MiB);
  static_assert(inference_memory<Small>(100) < training_memory<Small>(100));
  static_assert(inference_memory<Discriminator>(1) >
                parameter_count<Discriminator> * sizeof(float));
  // Of two values alive at once, the widest are those of the first layer and its input.
  CHECK(inference_memory<Discriminator>(8) > 8 * (64 * 64 * 6 + 32 * 32 * 8) * sizeof(float));
}

TEST_CASE("receptive field") {
  static_assert(receptive_field<Discriminator> == 70);
  static_assert(receptive_field<Network<Input<64, 64, 1>, Conv3<2>>> == 3);
  static_assert(receptive_field<Network<Input<64, 64, 1>, Conv3<2>, Conv3<2>>> == 7);
  static_assert(receptive_field<Network<Input<64, 64, 1>, Conv3<2>, Conv3<2>, Conv3<1>>> == 15);
  static_assert(
      receptive_field<Network<Input<64, 64, 1>, Conv3<2>, Conv3<2>, Conv3<1>, Conv3<2>>> == 23);
  static_assert(receptive_field<Network<Input<64, 64, 1>, Conv3<1>, Conv3<2>, Conv3<1>>> == 9);
  // A pixel between two of the enlarged ones reads two of them, each three pixels wide.
  static_assert(receptive_field<Network<Input<8, 8, 1>, Conv3<1>, Upsample2d<2>, Conv3<1>>> == 4);
  static_assert(receptive_field<Network<Input<8, 8, 1>, MaxPool2d<2>, Conv3<1>>> == 6);
  static_assert(receptive_field<Network<Input<9, 9, 1>, SkipConcat<Conv3<1>>, ReLU>> == 3);
  static_assert(receptive_field<Network<Input<9, 9, 1>, Conv3<1>, WholeInput>> == 0);
}

TEST_CASE("the summary has a line per layer and the sums") {
  const std::string text = describe<Small>();
  CHECK(std::count(text.begin(), text.end(), '\n') == 6);
  CHECK(text.find("name ") == 0);
  const auto line = [&](const char* start) {
    const auto at = text.find(start);
    REQUIRE(at != text.npos);
    return text.substr(at, text.find('\n', at) - at);
  };
  const std::string conv = line("enc.0");
  CHECK(conv.find("partial_conv2d") != conv.npos);
  CHECK(conv.find("8x6x4 (masked)") != conv.npos);
  CHECK(conv.find(" 112 ") != conv.npos);                                            // parameters
  CHECK(conv.find(" " + std::to_string(2 * 8 * 6 * 4 * 3 * 9) + " ") != conv.npos);  // FLOPs
  CHECK(line("enc.1").find("batch_norm2d") != text.npos);
  CHECK(text.find("\n0                            relu") != text.npos);
  CHECK(line("total").find(" 120 ") != text.npos);
}
