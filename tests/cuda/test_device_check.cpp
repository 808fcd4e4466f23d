// SPDX-License-Identifier: BSD-3-Clause
// The device check passes for a right layer with CUDA code of its own, and finds each mistake that
// such code may have.
#include <doctest/doctest.h>

#include <string>

#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/dropout.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/testing/device_check.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

// clang-format off
namespace tessera::cuda {
TESSERA_CUDA_TEXT(checked_bias_text, (&elements_text),
  template <class T>
  __global__ void checked_bias(Span<const T> x, const T* bias, Span<T> y, int wrong) {
    for (long e = first_element(); e < y.size(); e += element_step()) {
      const long p = e / y.channels;
      const int c = static_cast<int>(e % y.channels);
      y.at(p, c) = x.at(p, c) + bias[wrong ? 0 : c];
    }
  }
  template <class T>
  __global__ void checked_bias_gradient(Span<const T> dy, T* gradient, int assign) {
    const long c = first_element();
    if (c >= dy.channels) return;
    T sum = 0;
    for (long p = 0; p < dy.pixels(); ++p) sum += dy.at(p, static_cast<int>(c));
    gradient[c] = assign ? sum : gradient[c] + sum;
  }
)
}  // namespace tessera::cuda
// clang-format on

namespace {

enum class Mistake { none, forward, parameter, input };

/// y = x + b[c] by kernels of its own, with a mistake.
template <int C, Mistake M>
struct Bias {
  static constexpr std::string_view name = "bias";
  static constexpr bool needs_x = false, needs_y = false, strided = true;
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr auto parameters(Shape) {
    return tessera::parameters(Parameter{"bias", {C}, zeros});
  }
  template <class T>
  static void forward(const Run<Cpu, T>& run) {
    for (std::ptrdiff_t p = 0; p < run.x().pixels(); ++p)
      for (int c = 0; c < C; ++c)
        run.y().pixel(p)[c] = run.x().pixel(p)[c] + run.parameter(0).data[c];
  }
  template <class T>
  static void backward(const Run<Cpu, T>& run) {
    for (std::ptrdiff_t p = 0; p < run.dy().pixels(); ++p)
      for (int c = 0; c < C; ++c) {
        if (run.dx()) run.dx().pixel(p)[c] = run.dy().pixel(p)[c];
        if (run.gradient(0)) run.gradient(0).data[c] += run.dy().pixel(p)[c];
      }
  }
  template <class T>
  static void forward(const Run<Cuda, T>& run) {
    cuda::launch_each(
        run.context(), TESSERA_CUDA_KERNEL(cuda::checked_bias_text, checked_bias, (T), ()),
        run.y().size(), cuda::span_of(run.x()), static_cast<const T*>(run.parameter(0).data),
        cuda::span_of(run.y()), static_cast<int>(M == Mistake::forward));
  }
  template <class T>
  static void backward(const Run<Cuda, T>& run) {
    if (run.dx() && M != Mistake::input) kernels::copy(run.context(), run.dy(), run.dx());
    if (run.gradient(0))
      cuda::launch_each(
          run.context(),
          TESSERA_CUDA_KERNEL(cuda::checked_bias_text, checked_bias_gradient, (T), ()), C,
          cuda::span_of(run.dy()), run.gradient(0).data, static_cast<int>(M == Mistake::parameter));
  }
};

template <Mistake M>
using Net = Network<MaskedInput<6, 5, 3>, PartialConv2d<3, 4, kernel(3).same()>, BatchNorm2d<4>,
                    LeakyReLU<>, Named<"own", Bias<4, M>>, Dropout<>,
                    PartialConv2d<4, 3, kernel(3).same()>>;

}  // namespace

TEST_CASE(
    "cuda: the device check passes for right layers, in both scalars, modes and other sizes") {
  const DeviceCheckReport report = device_check<Net<Mistake::none>>();
  CHECK_MESSAGE(report.passed(), report.text());
  CHECK(report.checked > 500);
  CHECK(report.text().starts_with("passed: "));
  const DeviceCheckReport coarse = device_check<Net<Mistake::none>, float>({.tolerance = 1e-3});
  CHECK_MESSAGE(coarse.passed(), coarse.text());
  CHECK(device_check<Net<Mistake::none>>({.batch = 1, .mode = Mode::evaluate}).passed());
  CHECK(device_check<Net<Mistake::none>>({.batch = 3, .inputs = {Shape{7, 9, 3}}}).passed());
}

TEST_CASE("cuda: the device check finds a wrong forward, input gradient and parameter gradient") {
  const DeviceCheckReport forward = device_check<Net<Mistake::forward>>();
  CHECK_FALSE(forward.passed());
  CHECK(forward.text().starts_with("FAILED: "));
  const DeviceCheckReport parameter = device_check<Net<Mistake::parameter>>();
  CHECK_FALSE(parameter.passed());
  CHECK(parameter.worst_tensor == "gradient of own.bias");
  CHECK(parameter.worst_error < 100);  // by the 1 that it began with, beside the gradients' scale
  CHECK_FALSE(device_check<Net<Mistake::input>>().passed());
}
