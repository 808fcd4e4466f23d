// SPDX-License-Identifier: BSD-3-Clause
// Optimiser steps on the CPU: every number is read and written once.
#pragma once
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/optimizer.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {
/// step(lanes, i) for all vectors of a flat array of n elements.
template <class T, class Step>
void for_each_element(const Context<Cpu>& context, std::size_t n, const Step& step) {
  for_each_range(context, static_cast<std::ptrdiff_t>(n), chunk_elements,
                 [&](std::ptrdiff_t first, std::ptrdiff_t last) {
                   simd::for_each_vector<T>(last - first, [&](auto lanes, std::ptrdiff_t i) {
                     step(lanes, first + i);
                   });
                 });
}
}  // namespace detail

template <class T>
inline void adam_step(const Context<Cpu>& context, std::size_t n, T* w, T* m, T* v,
                      const std::type_identity_t<T>* g, const AdamConstants& constants) {
  using Vector = simd::Vector<T>;
  const auto real = [](double value) { return Vector(static_cast<T>(value)); };
  const Vector scale = real(constants.gradient_scale), decay = real(constants.weight_decay);
  const Vector beta1 = real(constants.beta1), rest1 = real(1 - constants.beta1);
  const Vector beta2 = real(constants.beta2), rest2 = real(1 - constants.beta2);
  const Vector root2 = real(std::sqrt(constants.correction2)), eps = real(constants.epsilon);
  const Vector step = real(constants.learning_rate / constants.correction1);
  detail::for_each_element<T>(context, n, [&](auto lanes, std::ptrdiff_t i) {
    const Vector weight = lanes.load(w + i);
    const Vector gradient = lanes.load(g + i) * scale + weight * decay;
    const Vector first = lanes.load(m + i) * beta1 + gradient * rest1;
    const Vector second = lanes.load(v + i) * beta2 + gradient * gradient * rest2;
    lanes.store(m + i, first);
    lanes.store(v + i, second);
    lanes.store(w + i, weight - step * (first / (xsimd::sqrt(second) / root2 + eps)));
  });
}

template <class T>
inline void sgd_step(const Context<Cpu>& context, std::size_t n, T* w,
                     std::type_identity_t<T>* u, const std::type_identity_t<T>* g,
                     const SgdConstants& constants) {
  using Vector = simd::Vector<T>;
  const auto real = [](double value) { return Vector(static_cast<T>(value)); };
  const Vector scale = real(constants.gradient_scale), decay = real(constants.weight_decay);
  const Vector momentum = real(constants.momentum), rate = real(constants.learning_rate);
  detail::for_each_element<T>(context, n, [&](auto lanes, std::ptrdiff_t i) {
    const Vector weight = lanes.load(w + i);
    Vector gradient = lanes.load(g + i) * scale + weight * decay;
    if (u) {
      gradient = lanes.load(u + i) * momentum + gradient;
      lanes.store(u + i, gradient);
    }
    lanes.store(w + i, weight - rate * gradient);
  });
}

}  // namespace tessera::kernels
