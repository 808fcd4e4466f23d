// SPDX-License-Identifier: BSD-3-Clause
// Pointwise kernels against the functor on scalars; the functions' accuracy and NaN behaviour.
#include <doctest/doctest.h>

#include <limits>
#include <string_view>

#include <tessera/kernels/pointwise.hpp>
#include <tessera/kernels/functions.hpp>
#include <tessera/layers/options.hpp>

#include "fixture.hpp"

namespace user {  // a functor defined outside the library's namespaces
TESSERA_POINTWISE(Swish,
  template <class T> T forward(T x) const { return x * sigmoid(x); }
  template <class T> T derivative(T x, T y) const { T s = sigmoid(x); return s + y * (T(1) - s); })
TESSERA_POINTWISE(Everything,
  template <class T> T forward(T x) const {
    return max(exp(min(x, 0.5f)), tanh(x)) + log(abs(x) + 1.0f) * sqrt(abs(x)) +
           select(x > 0, constant<T>(0.3), T(0));
  }
  template <class T> T derivative(T x, T) const { return x * 0.5f; })
// A helper whose name begins like the derivative's, one that calls it, a type not called T, and two
// definitions: derivative() reads y in all of them.
TESSERA_POINTWISE(Helped,
  template <class T> T derivative_of_log(T x, T) const { return T(1) / x; }
  template <class T> T my_derivative(T, T) const { return T(0); }
  template <class T> T forward(T x) const { return tanh(x); }
  template <class T> T derivative(T, T y) const { return T(1) - y * y; })
TESSERA_POINTWISE(Called,
  template <class T> T forward(T x) const { return tanh(x); }
  template <class T> T twice(T a, T b) const { return T(2) * derivative(a, b); }
  template <class T> T derivative(const T&, const T& y) const { return T(1) - y * y; })
TESSERA_POINTWISE(OtherType,
  template <class V> V forward(V x) const { return tanh(x); }
  template <class V> V derivative(V, V y) const { return V(1) - y * y; })
TESSERA_POINTWISE(Trailing,
  template <class T> T forward(T x) const { return tanh(x); }
  template <class T> auto derivative(T, T y) const -> T { return T(1) - y * y; })
TESSERA_POINTWISE(Inner,
  struct Other { template <class T> T derivative(T, T) const { return T(1); } };
  template <class T> T forward(T x) const { return tanh(x); }
  template <class T> T derivative(T, T y) const { return T(1) - y * y; })
struct Square : tessera::pointwise::Functions {
  template <class T> T forward(T x) const { return x * x; }
  template <class T> T derivative(T x, T) const { return x + x; }
};
}  // namespace user

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;
using Leaky = LeakyRelu<slope(0.2)>;
namespace pw = tessera::pointwise;

static_assert(pw::needs_x<user::Swish>() && pw::needs_y<user::Swish>());
static_assert(!pw::needs_x<Relu>() && pw::needs_y<Relu>());
static_assert(!pw::needs_x<Leaky>() && pw::needs_y<Leaky>());
static_assert(!pw::needs_x<Sigmoid>() && !pw::needs_x<Tanh>());
static_assert(pw::needs_x<user::Everything>() && !pw::needs_y<user::Everything>());
static_assert(pw::needs_x<user::Square>() && pw::needs_y<user::Square>());
static_assert(pw::needs_y<user::Helped>() && !pw::needs_x<user::Helped>());
static_assert(pw::needs_y<user::Called>() && !pw::needs_x<user::Called>());
static_assert(pw::needs_y<user::OtherType>() && !pw::needs_x<user::OtherType>());
static_assert(pw::needs_y<user::Trailing>() && pw::needs_y<user::Inner>());
static_assert(pw::detail::derivative_reads("T derivative(T x, T y) { /* } */ return y; }", 1));
static_assert(!pw::detail::derivative_reads("T derivative(T x, T y = T(0)) const { return x; }", 1));
static_assert(pw::detail::derivative_reads("T derivative(F<T, 2> x, T y) { return y; }", 1));
static_assert(!pw::detail::derivative_reads("T derivative(T x, T y) { return x + y2 + my_y; }", 1));
static_assert(std::string_view(Relu::text).starts_with("template <class T> T forward(T x)"));
static_assert(!std::is_same_v<Leaky, LeakyRelu<slope(0.3)>>);

template <class F, class T>
void check(const F& f) {
  for (Layout layout : layouts)
    for (int c : channel_counts) {
      Field<T> x(2, 3, 5, c, layout, 1), y(2, 3, 5, c, Layout::contiguous, 2);
      Field<T> dy(2, 3, 5, c, Layout::slice, 3), dx(2, 3, 5, c, layout, 4);
      pointwise_forward(Context<Cpu>{}, f, x, y.view());
      pointwise_backward(Context<Cpu>{}, f, x, y, dy, dx.view());
      for (std::ptrdiff_t p = 0; p < 30; ++p)
        for (int i = 0; i < c; ++i) {
          CHECK(near(y.at(p, i), static_cast<double>(f.forward(x.at(p, i)))));
          const T d = f.derivative(x.at(p, i), y.at(p, i));
          CHECK(near(dx.at(p, i), static_cast<double>(dy.at(p, i) * d)));
        }
      CHECK((y.intact() && dx.intact()));
      // in place, and the gradient over its own source
      Field<T> z(2, 3, 5, c, layout, 1);
      pointwise_forward(Context<Cpu>{}, f, z, z.view());
      pointwise_backward(Context<Cpu>{}, f, x, y, dy, dy.view());
      for (std::ptrdiff_t p = 0; p < 30; ++p)
        for (int i = 0; i < c; ++i) {
          CHECK(z.at(p, i) == y.at(p, i));
          CHECK(dy.at(p, i) == dx.at(p, i));
        }
      CHECK((z.intact() && dy.intact()));
    }
}

TEST_CASE_TEMPLATE("pointwise: kernels follow the scalar functor", T, float, double) {
  check<Relu, T>({});
  check<Leaky, T>({});
  check<Sigmoid, T>({});
  check<Tanh, T>({});
  check<Elu<alpha(1)>, T>({});
  check<Gelu, T>({});
  check<Silu, T>({});
  check<ClampTo<bounds(-0.5, 0.75)>, T>({});
  check<user::Swish, T>({});
  check<user::Everything, T>({});
  check<user::Square, T>({});
  check<user::Helped, T>({});
  check<user::Called, T>({});
  check<user::OtherType, T>({});
  check<user::Trailing, T>({});
  check<user::Inner, T>({});
}

TEST_CASE_TEMPLATE("pointwise: values at the edges", T, float, double) {
  CHECK(Relu{}.derivative(T(0), T(0)) == T(0));
  CHECK(Leaky{}.forward(T(-1)) == T(-0.2));
  CHECK(Leaky{}.derivative(T(0), T(0)) == T(0.2));
  const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
  Field<T> x(1, 1, 1, 35), y(1, 1, 1, 35);
  x.at(0, 1) = nan, x.at(0, 34) = nan, x.at(0, 2) = inf, x.at(0, 3) = -inf, x.at(0, 4) = T(-1000);
  auto nan_passes = [&](auto f) {
    pointwise_forward(Context<Cpu>{}, f, x, y.view());
    CHECK((std::isnan(y.at(0, 1)) && std::isnan(y.at(0, 34)) && !std::isnan(y.at(0, 0))));
  };
  nan_passes(Relu{}), nan_passes(Leaky{}), nan_passes(user::Everything{});
  nan_passes(Tanh{});
  CHECK((y.at(0, 2) == T(1) && y.at(0, 3) == T(-1)));
  nan_passes(Sigmoid{});
  CHECK((y.at(0, 2) == T(1) && y.at(0, 3) == T(0) && y.at(0, 4) == T(0)));
}

TEST_CASE_TEMPLATE("pointwise: max and min keep NaN on either side", T, float, double) {
  using F = pw::Functions;
  using V = xsimd::batch<T>;
  const T nan = std::numeric_limits<T>::quiet_NaN(), one = T(1), two = T(2);
  CHECK((F::max(one, two) == two && F::min(one, two) == one && F::max(V(one), two).get(0) == two));
  for (bool first : {false, true}) {
    const T a = first ? nan : one, b = first ? one : nan;
    CHECK((std::isnan(F::max(a, b)) && std::isnan(F::min(a, b))));
    CHECK((std::isnan(F::max(V(a), V(b)).get(0)) && std::isnan(F::min(V(a), V(b)).get(0))));
  }
}

TEST_CASE_TEMPLATE("pointwise: vectors and scalars agree to a few units", T, float, double) {
  using V = xsimd::batch<T>;
  using F = pw::Functions;
  double worst[6] = {};
  const double eps = std::numeric_limits<T>::epsilon();
  for (double x = -80; x < 80; x += 0.0137) {
    const T t = static_cast<T>(x);
    auto off = [&](V got, T want) {
      const double w = static_cast<double>(want);
      return std::fabs(static_cast<double>(got.get(0)) - w) / (std::fabs(w) * eps + 1e-300);
    };
    worst[0] = std::fmax(worst[0], off(F::exp(V(t)), F::exp(t)));
    worst[1] = std::fmax(worst[1], off(F::tanh(V(t)), F::tanh(t)));
    worst[2] = std::fmax(worst[2], off(F::sigmoid(V(t)), F::sigmoid(t)));
    worst[3] = std::fmax(worst[3], off(F::log(V(F::abs(t))), F::log(F::abs(t))));
    worst[4] = std::fmax(worst[4], off(F::expm1(V(t)), F::expm1(t)));
    worst[5] = std::fmax(worst[5], off(F::erf(V(t / 20)), F::erf(t / 20)));
  }
  for (int i = 0; i < 5; ++i) CHECK(worst[i] < 8);
  CHECK(worst[5] < 64);  // erf of xsimd 8.1 in double: 7.6e-15
}

TEST_CASE("pointwise: empty gradients, unread inputs, any number of threads") {
  Field<float> x(3, 40, 40, 17), y(3, 40, 40, 17), dy(3, 40, 40, 17, Layout::slice);
  const View<const float> none{};
  pointwise_backward(Context<Cpu>{1}, Sigmoid{}, none, y, dy, View<float>{});
  std::vector<float> forward, backward;
  for (int threads : thread_counts) {
    Field<float> dx(3, 40, 40, 17, Layout::slice);
    pointwise_forward(Context<Cpu>{threads}, Sigmoid{}, x, y.view());
    pointwise_backward(Context<Cpu>{threads}, Sigmoid{}, none, y, dy, dx.view());
    if (threads == 1) forward = y.memory(), backward = dx.memory();
    CHECK((same_bits(forward, y.memory()) && same_bits(backward, dx.memory())));
  }
}
