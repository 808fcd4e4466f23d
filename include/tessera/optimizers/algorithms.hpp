// SPDX-License-Identifier: BSD-3-Clause
// The optimisers: PyTorch's formulas, in PyTorch's order. t = 1, 2, ... is the step, g the gradient
// behind clipping.
#pragma once
#include <tessera/kernels/library/texts.hpp>
#include <tessera/optimizers/optimizer_text.hpp>

namespace tessera {

// clang-format off

/// Adam [kingma2015] with PyTorch's L2 weight decay:
///   g <- g + weight_decay w;  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2
///   w <- w - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)
TESSERA_OPTIMIZER(Adam,
  (learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0),
  (rate = learning_rate / (1 - pow(beta1, t)), root = sqrt(1 - pow(beta2, t))),
  template <class T> void update(T& w, T g, T& m, T& v) const {
    g = g + w * constant<T>(weight_decay);
    m = m * constant<T>(beta1) + g * constant<T>(1 - beta1);
    v = v * constant<T>(beta2) + g * g * constant<T>(1 - beta2);
    w = w - constant<T>(rate) * (m / (sqrt(v) / constant<T>(root) + constant<T>(epsilon)));
  })

/// Adam whose weight decay is no part of the gradient [loshchilov2019]:
///   w <- w - lr weight_decay w, then Adam's step with weight_decay 0
TESSERA_OPTIMIZER(AdamW,
  (learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 1e-2),
  (rate = learning_rate / (1 - pow(beta1, t)), root = sqrt(1 - pow(beta2, t))),
  template <class T> void update(T& w, T g, T& m, T& v) const {
    w = w * constant<T>(1 - learning_rate * weight_decay);
    m = m * constant<T>(beta1) + g * constant<T>(1 - beta1);
    v = v * constant<T>(beta2) + g * g * constant<T>(1 - beta2);
    w = w - constant<T>(rate) * (m / (sqrt(v) / constant<T>(root) + constant<T>(epsilon)));
  })

/// Stochastic gradient descent with PyTorch's momentum and L2 weight decay:
///   g <- g + weight_decay w;  u <- momentum u + g;  w <- w - lr u
TESSERA_OPTIMIZER(Sgd, (learning_rate = 1e-2, momentum = 0, weight_decay = 0), (),
  template <class T> void update(T& w, T g, T& u) const {
    g = g + w * constant<T>(weight_decay);
    u = u * constant<T>(momentum) + g;
    w = w - constant<T>(learning_rate) * u;
  })

/// RMSprop [tieleman2012] with PyTorch's momentum, centring (centered = 1 [graves2013]) and L2
/// weight decay:
///   g <- g + weight_decay w;  v <- a v + (1 - a) g^2;  c <- a c + (1 - a) g where centred, else 0
///   u <- momentum u + g / (sqrt(v - c^2) + epsilon);  w <- w - lr u
TESSERA_OPTIMIZER(RMSprop,
  (learning_rate = 1e-2, alpha = 0.99, epsilon = 1e-8, weight_decay = 0, momentum = 0,
   centered = 0), (),
  template <class T> void update(T& w, T g, T& v, T& u, T& c) const {
    g = g + w * constant<T>(weight_decay);
    v = v * constant<T>(alpha) + g * g * constant<T>(1 - alpha);
    T variance = v;
    if (centered != 0) {
      c = c + constant<T>(1 - alpha) * (g - c);
      variance = v - c * c;
    }
    u = u * constant<T>(momentum) + g / (sqrt(variance) + constant<T>(epsilon));
    w = w - constant<T>(learning_rate) * u;
  })

// clang-format on

}  // namespace tessera

// What the compiled library holds for every kind of processor, by the numbers of its units.
namespace tessera::inline TESSERA_ABI::kernels::library {
template <>
inline constexpr int step_number<Adam::Step> = 0;
template <>
inline constexpr int step_number<AdamW::Step> = 1;
template <>
inline constexpr int step_number<Sgd::Step> = 2;
template <>
inline constexpr int step_number<RMSprop::Step> = 3;
}  // namespace tessera::kernels::library
