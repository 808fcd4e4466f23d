// SPDX-License-Identifier: BSD-3-Clause
// Initial values of a whole block: Initialized<dcgan, layers...>. A layer comes with PyTorch's
// default; a rule changes it for every trained tensor of the block. Users write rules of their own.
#pragma once
#include <string_view>

#include <tessera/network/containers.hpp>

namespace tessera {

/// The layers in order, their trained tensors initialised by `Rule`: a constexpr function
/// `Initializer rule(const Layer&, const Parameter&)`.
template <InitialRule Rule, class... L>
struct Initialized {
  static constexpr Value lower(auto& b, Value x) {
    const InitialRule outer = b.initial(Rule);
    x = Sequential<L...>::lower(b, x);
    b.initial(outer);
    return x;
  }
};

namespace detail {

/// Inputs and outputs of one element of a weight [Out, In, K, K] or [Out, In].
struct Fans {
  double in = 1, out = 1;
  constexpr explicit Fans(const Dims& d) {
    for (int i = 1; i < d.rank; ++i) in *= d.size[i];
    out = d.size[0];
    for (int i = 2; i < d.rank; ++i) out *= d.size[i];
  }
};
constexpr bool is_matrix(const Parameter& p) { return p.name == "weight" && p.dims.rank >= 2; }
constexpr bool is_gain(const Layer& layer, const Parameter& p) {
  return p.name == "weight" && layer.name == std::string_view("batch_norm2d");
}

}  // namespace detail

/// N(0, 0.02) for convolutions, N(1, 0.02) for the gains of BatchNorm2d [radford2016]; biases stay
/// as their layers have them.
constexpr Initializer dcgan(const Layer& layer, const Parameter& p) {
  if (p.dims.rank == 4) return normal(0.02);
  return detail::is_gain(layer, p) ? normal(0.02, 1) : p.initializer;
}
/// The same with biases of 0, as pix2pix begins [isola2017].
constexpr Initializer dcgan_zero_bias(const Layer& layer, const Parameter& p) {
  return p.name == "bias" ? zeros : dcgan(layer, p);
}
/// U(-a, a), a = sqrt(6 / (fan_in + fan_out)), biases 0 [glorot2010].
constexpr Initializer glorot(const Layer&, const Parameter& p) {
  const detail::Fans fans(p.dims);
  if (detail::is_matrix(p)) return uniform(square_root(6 / (fans.in + fans.out)));
  return p.name == "bias" ? zeros : p.initializer;
}
/// N(0, sqrt(2 / fan_in)), biases 0 [he2015].
constexpr Initializer he(const Layer&, const Parameter& p) {
  if (detail::is_matrix(p)) return he_normal(detail::Fans(p.dims).in);
  return p.name == "bias" ? zeros : p.initializer;
}

}  // namespace tessera
