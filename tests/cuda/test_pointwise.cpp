// SPDX-License-Identifier: BSD-3-Clause
// Pointwise operations and copies: the GPU's kernels, emulated, beside the CPU's.
#include <doctest/doctest.h>

#include <tessera/kernels/copy.hpp>
#include <tessera/kernels/pointwise.hpp>
#include <tessera/kernels/functions.hpp>
#include <tessera/layers/options.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace user {

/// A constant of every kind outside the text, and one inside.
template <int Times, bool Shift>
struct Affine : pointwise::Functions {
  static constexpr double gain = 0.3 * Times;
  static constexpr float shift = 0.25f;
  static constexpr int times = Times;
  static constexpr bool shifted = Shift;
  TESSERA_CONSTANTS(gain, shift, times, shifted)
  // clang-format off
  TESSERA_POINTWISE_BODY(
    static constexpr double inside = 1e-1;
    template <class T> T forward(T x) const {
      T sum = constant<T>(gain) * x + (shifted ? constant<T>(shift) : constant<T>(inside));
      for (int i = 0; i < times; ++i) sum = sum + x;
      return sum;
    }
    template <class T> T derivative(T, T) const { return constant<T>(gain + times); })
  // clang-format on
};
/// Reads a constant that no list hands to the GPU.
struct Forgotten : pointwise::Functions {
  static constexpr double gain = 0.3;
  TESSERA_POINTWISE_BODY(template <class T> T forward(T x) const { return constant<T>(gain) * x; })
};
struct Standard : pointwise::Functions {
  TESSERA_POINTWISE_BODY(template <class T> T forward(T x) const { return std::move(x); })
};

}  // namespace user

TEST_CASE("cuda: names that a GPU would not know are found in a text") {
  using cuda::detail::unknown_name;
  static_assert(cuda::detail::gpu_knows<cuda::detail::unknown_name_of<user::Affine<2, true>>()>);
  static_assert(!cuda::detail::gpu_knows<cuda::detail::unknown_name_of<user::Forgotten>()>);
  static_assert(!cuda::detail::gpu_knows<cuda::detail::unknown_name_of<user::Standard>()>);
  CHECK(unknown_name(user::Forgotten::text, "", "") == "gain");
  CHECK(unknown_name(user::Forgotten::text, "(gain = 1)", "") == "");
  CHECK(unknown_name(user::Standard::text, "", "") == "std");
  const auto of = [](std::string body, const char* numbers = "") {
    const std::string text = "template <class T> T forward(T x) const { " + body + " }";
    return std::string(unknown_name(text, numbers, ""));
  };
  CHECK(of("return x * T(half) + 1e-5f;") == "half");
  CHECK(of("return x < limit;") == "limit");
  CHECK(of("return x - scale * x;") == "scale");
  CHECK(of("T y = select(x > T(0), x, floor(x)); return y;") == "floor");
  CHECK(of("return pow(x, rate);", "(rate = f(1, 2), other)(t)") == "");
  CHECK(of("return x * constant<T>(t - other);", "(rate = f(1, 2), other)(t)") == "");
  CHECK(of("T a = x, b = a; const T& c = b; auto d = [&](auto... e) { return (e + ...); }; "
           "for (int i = 0; i < 3; ++i) a = d(a, c); return a;") == "");
  CHECK(of("struct P { int q; }; P p{1}; P& r = p; using V = T; return V(r.q + p.q);") == "");
  CHECK(of("if (x > 0x1.8p-3) return T(1'000); return std::abs(x);") == "std");
  CHECK(unknown_name("template <class U, int N> U f(const U& a, U* b) { return a + *b + N; }", "",
                     "") == "");
}

TEST_CASE_TEMPLATE("cuda: pointwise operations are the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  const auto check = [&]<class F>(const F& f) {
    for (const int extra : {0, 3})
      for (const int c : {1, 3, 5}) {
        TwinView<T> x(gpu, 2, 5, 7, c, extra, 1), y(gpu, 2, 5, 7, c, 0, 2);
        TwinView<T> dy(gpu, 2, 5, 7, c, extra, 3), dx(gpu, 2, 5, 7, c, extra, 4);
        kernels::pointwise_forward(cpu, f, x.cpu(), y.cpu());
        kernels::pointwise_forward(gpu, f, x.gpu(), y.gpu());
        CHECK(distance(y.numbers.read(), y.numbers.host) <= 8 * unit<T>);
        kernels::pointwise_backward(cpu, f, x.cpu(), y.cpu(), dy.cpu(), dx.cpu());
        kernels::pointwise_backward(gpu, f, x.gpu(), y.gpu(), dy.gpu(), dx.gpu());
        CHECK(distance(dx.numbers.read(), dx.numbers.host) <= 32 * unit<T>);
      }
  };
  check(kernels::Relu{});
  check(kernels::LeakyRelu<slope(0.2)>{});
  check(kernels::Elu<alpha(1)>{});
  check(kernels::Gelu{});
  check(kernels::Silu{});
  check(kernels::Sigmoid{});
  check(kernels::Tanh{});
  check(kernels::ClampTo<bounds(-0.5, 0.25)>{});
  check(user::Affine<2, true>{});
  check(user::Affine<0, false>{});
}

TEST_CASE("cuda: copies, sums, zeros and masks are the CPU's, bit for bit") {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  for (const int extra : {0, 2}) {
    TwinView<float> x(gpu, 2, 3, 5, 3, extra, 1), z(gpu, 2, 3, 5, 3, 1, 5);
    TwinView<float> y(gpu, 2, 3, 5, 3, extra, 2);
    const auto same = [&] { return y.numbers.read() == y.numbers.host; };
    kernels::add(cpu, x.cpu(), z.cpu(), y.cpu());
    kernels::add(gpu, x.gpu(), z.gpu(), y.gpu());
    CHECK(same());
    kernels::add_into(cpu, x.cpu(), y.cpu());
    kernels::add_into(gpu, x.gpu(), y.gpu());
    CHECK(same());
    kernels::multiply(cpu, x.cpu(), z.cpu(), y.cpu());
    kernels::multiply(gpu, x.gpu(), z.gpu(), y.gpu());
    CHECK(same());
    kernels::copy(cpu, z.cpu(), y.cpu());
    kernels::copy(gpu, z.gpu(), y.gpu());
    CHECK(same());
    kernels::fill_zero(cpu, y.cpu());
    kernels::fill_zero(gpu, y.gpu());
    CHECK(same());
  }
  const MaskGroups one{1, {3}}, two{2, {2, 4}}, three{3, {3, 2, 4}};
  const auto bytes = [&](std::size_t count, std::uint64_t seed) {
    std::vector<std::uint8_t> values;
    for (const float v : random_numbers<float>(count, seed)) values.push_back(v > 0);
    return Twin<std::uint8_t>(gpu, values);
  };
  Twin a = bytes(30, 1), b = bytes(60, 2), y = bytes(90, 3), c = bytes(60, 4), d = bytes(60, 5);
  const auto mask = [](auto* data, const MaskGroups& g) {
    return BasicValidView<std::remove_pointer_t<decltype(data)>>{data, 2, 3, 5, g};
  };
  kernels::concatenate_masks(cpu, mask(a.host.data(), one), mask(b.host.data(), two),
                             mask(y.host.data(), three));
  kernels::concatenate_masks(gpu, mask(a.device.data(), one), mask(b.device.data(), two),
                             mask(y.device.data(), three));
  CHECK(y.read() == y.host);
  kernels::intersect_masks(cpu, mask(b.host.data(), two), mask(c.host.data(), two),
                           mask(d.host.data(), two));
  kernels::intersect_masks(gpu, mask(b.device.data(), two), mask(c.device.data(), two),
                           mask(d.device.data(), two));
  CHECK(d.read() == d.host);
}
