// SPDX-License-Identifier: BSD-3-Clause
// How a layer lists its state: name, size, initial values, role. The list is written in one
// function of the layer and nowhere else; offsets, optimisers, files, counts and summaries follow
// from it.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include <tessera/tensor/grow.hpp>
#include <tessera/tensor/shape.hpp>

namespace tessera {

/// What a tensor of a layer's state is: updated by the optimiser, by the forward pass, or an
/// integer counter.
enum class Role : std::uint8_t { trained, statistic, counter };

/// Order of a tensor's elements in memory. Files always use the listed (PyTorch's) order.
enum class Order : std::uint8_t {
  listed,       // as the sizes say
  kernel_first  // listed [O, I, Kh, Kw], in memory [Kh, Kw, I, O]
};

/// Sizes of a parameter in PyTorch's order; rank 0 is a scalar.
struct Dims {
  int size[4]{};
  int rank = 0;

  constexpr Dims() = default;
  constexpr Dims(std::initializer_list<int> sizes) {
    for (int s : sizes) size[rank++] = s;
  }
  constexpr std::int64_t count() const {
    std::int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= size[i];
    return n;
  }
  constexpr bool operator==(const Dims&) const = default;
};

/// Initial values of a tensor.
struct Initializer {
  enum class Kind : std::uint8_t { constant, uniform, normal };
  Kind kind = Kind::constant;
  double value = 0;  // the constant, the bound of U(-value, value), or the standard deviation of
                     // N(mean, value)
  double mean = 0;
};
inline constexpr Initializer zeros{}, ones{Initializer::Kind::constant, 1};
constexpr Initializer constant(double value) { return {Initializer::Kind::constant, value}; }
constexpr Initializer uniform(double bound) { return {Initializer::Kind::uniform, bound}; }
constexpr Initializer normal(double deviation, double mean = 0) {
  return {Initializer::Kind::normal, deviation, mean};
}
/// Square root by Newton's method, for initialisers in constant expressions.
constexpr double square_root(double x) {
  double r = x > 1 ? x : 1;
  for (int i = 0; i < 64; ++i) r = 0.5 * (r + x / r);
  return r;
}
/// N(0, sqrt(2 / fan_in)) [he2015].
constexpr Initializer he_normal(double fan_in) { return normal(square_root(2 / fan_in)); }
/// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): PyTorch's default for convolutions and linear layers.
constexpr Initializer torch_default(double fan_in) { return uniform(1 / square_root(fan_in)); }

/// One tensor of a layer's state.
struct Parameter {
  std::string_view name;
  Dims dims{};
  Initializer initializer{};
  Role role = Role::trained;
  Order order = Order::listed;
};

/// The list a layer's `parameters` function returns.
template <class... P>
constexpr std::array<Parameter, sizeof...(P)> parameters(const P&... list) {
  return {list...};
}

}  // namespace tessera
