// SPDX-License-Identifier: BSD-3-Clause
// Networks are types: what a network is made of, and what can be asked of it before it runs.
#include <tessera/tessera.hpp>

namespace ts = tessera;
using namespace ts::literals;

// The layers, each in a network of its own. A shape is height, width, channels; the batch is free.
template <class... L>
using On = ts::Network<ts::Input<32, 32, 16>, L...>;
template <class... L>
using OnMasked = ts::Network<ts::MaskedInput<32, 32, 16>, L...>;

constexpr ts::Window w3 = ts::kernel(3).same(), w4 = ts::kernel(4).stride(2).padding(1);
static_assert(ts::output_shape<On<ts::Conv2d<16, 8, w4>>> == ts::Shape{16, 16, 8});
static_assert(ts::output_shape<OnMasked<ts::PartialConv2d<16, 8, w3>>> == ts::Shape{32, 32, 8});
static_assert(ts::output_shape<On<ts::BatchNorm2d<16>>> == ts::Shape{32, 32, 16});
static_assert(ts::output_shape<On<ts::LeakyReLU<ts::slope(0.1)>>> == ts::Shape{32, 32, 16});
static_assert(ts::output_shape<On<ts::ReLU, ts::Sigmoid, ts::Tanh>> == ts::Shape{32, 32, 16});
static_assert(ts::output_shape<On<ts::MaxPool2d<2>>> == ts::Shape{16, 16, 16});
static_assert(ts::output_shape<On<ts::Upsample2d<2>>> == ts::Shape{64, 64, 16});

// The containers: one after the other, joins of channels and sums, names.
static_assert(ts::output_shape<On<ts::SkipConcat<ts::Conv2d<16, 8, w3>>>>.channels == 8 + 16);
static_assert(ts::output_shape<On<ts::SkipFirst<ts::Conv2d<16, 8, w3>>>>.channels == 16 + 8);
static_assert(ts::output_shape<On<ts::Residual<ts::Conv2d<16, 16, w3>>>>.channels == 16);
static_assert(ts::output_shape<On<ts::Tap<"in">, ts::ReLU, ts::ConcatWith<"in">>>.channels == 32);

// Masks are part of the type. Channels that share a mask are a group: a concatenation appends
// groups, a partial convolution makes one of them, a plain convolution ends the mask.
using Joined = OnMasked<ts::SkipConcat<ts::PartialConv2d<16, 8, w3>>>;
static_assert(ts::output_mask<Joined> == ts::MaskGroups{2, {8, 16}});
static_assert(ts::output_mask<OnMasked<ts::PartialConv2d<16, 8, w3>>>.count == 1);
static_assert(ts::output_mask<OnMasked<ts::Conv2d<16, 8, w3>>>.count == 0);

// A container is a type with a function `lower`: it adds layers to values, which are numbered and
// may be read any number of times. This one is a level of a U-Net.
template <class Down, class Inner, class Up>
struct Level {
  static constexpr ts::Value lower(auto& builder, ts::Value x) {
    const ts::Value small = builder.add(Inner{}, builder.add(Down{}, x));
    const ts::Value large = builder.add(ts::Upsample2d<2>{}, small);
    return builder.add(Up{}, builder.concat(large, x));
  }
};

// Named opens a scope. The names are those of PyTorch: "enc1.conv.weight".
template <ts::FixedString Name, int In, int Out, int Stride = 1>
struct Module
    : ts::Named<Name, ts::Named<"conv", ts::PartialConv2d<In, Out, w3.stride(Stride)>>, ts::ReLU> {
};
struct Deep : Level<Module<"enc2", 16, 32, 2>, ts::Sequential<>, Module<"dec2", 48, 16>> {};
struct Outer : Level<Module<"enc1", 3, 16, 2>, Deep, Module<"dec1", 19, 8>> {};
struct Last : ts::Sequential<ts::Conv2d<8, 3, ts::kernel(1)>, ts::Sigmoid> {};
using Net = ts::Network<ts::MaskedInput<32, 32, 3>, Outer, Last>;

static_assert(ts::output_shape<Net> == ts::input_shape<Net>.unmasked());
static_assert(ts::training_memory<Net>(/*batch*/ 1) < 1_MiB);

/// Runs one partial convolution over an image of ones; `under` is what the image holds in the hole.
float one_partial_convolution(float under) {
  ts::Model<ts::Network<ts::MaskedInput<8, 8, 1>, ts::PartialConv2d<1, 1, ts::kernel(3)>>> model;
  auto pass = model.pass({.mode = ts::Mode::evaluate, .gradients = false});
  for (int p = 0; p < 64; ++p) {
    const bool valid = p % 8 < 4;  // the right half is the hole
    *pass.input().pixel(p) = valid ? 1.0f : under;
    *pass.input_valid().pixel(p) = valid;
  }
  pass.forward();
  return pass.output()(0, 2, 3, 0);  // its window: one column known, two in the hole
}

int main() {
  std::printf("%s\n", ts::describe<Net>().c_str());
  std::printf("parameters       %lld\n", static_cast<long long>(ts::parameter_count<Net>));
  std::printf("receptive field  %d pixels\n", ts::receptive_field<Net>);
  for (const int batch : {1, 100})
    std::printf("memory           batch %3d: %zu KiB to train, %zu KiB to run\n", batch,
                ts::training_memory<Net>(batch) / 1_KiB, ts::inference_memory<Net>(batch) / 1_KiB);

  ts::Model<Net> model(ts::Seed{1});
  std::printf("\ntensors, as in the weight file\n");
  for (const ts::NamedTensor& tensor : model.tensors())
    std::printf("  %-18s %lld values\n", tensor.name.c_str(),
                static_cast<long long>(tensor.dims.count()));

  // The sizes of a convolutional network are free at run time; what must fit is checked.
  auto pass = model.pass({.mode = ts::Mode::evaluate, .gradients = false, .inputs = {{64, 48, 3}}});
  std::printf("\n64x48x3 gives %s\n", to_string(pass.output().shape()).c_str());
  try {
    model.pass({.inputs = {{30, 30, 3}}});
  } catch (const ts::ShapeError& error) {
    std::printf("30x30x3: %s\n", error.what());
  }

  // Pixels in a hole are selected away, not multiplied by 0.
  const float zero = one_partial_convolution(0), nan = one_partial_convolution(NAN);
  std::printf("0 in the hole: %g, NaN in the hole: %g\n", double{zero}, double{nan});
  return zero == nan ? 0 : 1;
}
