// SPDX-License-Identifier: BSD-3-Clause
// Kernels of an emulated program compiled by NVRTC: the right ones, and one that only the emulation
// accepts, as its text does not list the text it needs.
#define TESSERA_CUDA_EMULATE
#include <doctest/doctest.h>

#include <string>

#include <tessera/cuda.hpp>
#include <tessera/cuda/compile_used_kernels.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/network/model.hpp>

// clang-format off
namespace tessera::cuda {
TESSERA_CUDA_TEXT(lonely_text, (),
  template <class T>
  __global__ void lonely(Span<T> y) {
    if (first_element() < y.size()) y.at(0, 0) = T(1);
  }
)
}  // namespace tessera::cuda
// clang-format on

using namespace tessera;
using tessera::testing::compile_used_kernels;

TEST_CASE("the kernels that an emulated model needs are compiled for real GPUs") {
  using Net = Network<MaskedInput<8, 8, 3>, PartialConv2d<3, 3, kernel(3).same()>, Sigmoid>;
  Model<Net, Cuda> model;
  Pass<Cuda, float> pass = model.pass({.batch = 1});
  const std::size_t count = compile_used_kernels("sm_90");
  CHECK(count >= 5);
  CHECK(compile_used_kernels("sm_80") == count);
}

TEST_CASE("what only the emulation accepts is found, and the message says where to look") {
  const Context<Cuda> context = Context<Cuda>::standard();
  DeviceBuffer<float> y(context, 4);
  cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::lonely_text, lonely, (float), ()), 4,
                    cuda::span_of(make_view(y.data(), 1, Shape{2, 2, 1})));
  std::string message;
  try {
    compile_used_kernels("sm_90");
  } catch (const DeviceError& error) {
    message = error.what();
  }
  CAPTURE(message);
  CHECK(message.find("cannot compile tessera::cuda::lonely<float> for sm_90") != message.npos);
  CHECK(message.find("): error: identifier \"Span\" is undefined") != message.npos);
  CHECK(message.find("TESSERA_CUDA_TEXT lists") != message.npos);
}
