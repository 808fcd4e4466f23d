// SPDX-License-Identifier: BSD-3-Clause
// Optimiser steps on the CPU: the text on vectors; every number is read and written once.
#pragma once
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/library/texts.hpp>
#include <tessera/kernels/optimizer.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class Step, class T>
inline void optimizer_step(const Context<Cpu>& context, std::size_t n, T* w,
                           const std::type_identity_t<T>* g, T* const* buffers, const Step& step,
                           double gradient_scale) {
#ifdef TESSERA_COMPILED
  if constexpr (library::step_number<Step> >= 0)
    return library::optimizer_step(library::step_number<Step>, context, n, w, g, buffers, &step,
                                   gradient_scale);
#endif
  using Vector = simd::Vector<T>;
  const auto run = [&]<std::size_t... I>(std::index_sequence<I...>) {
    for_each_range(
        context, static_cast<std::ptrdiff_t>(n), chunk_elements,
        [=](std::ptrdiff_t first, std::ptrdiff_t last) {
          const Step s = step;  // which no store to w can change: its numbers stay in registers
          const Vector scale(static_cast<T>(gradient_scale));
          simd::for_each_vector<T>(last - first, [&](auto lanes, std::ptrdiff_t at) {
            const std::ptrdiff_t i = first + at;
            const auto update = [&](auto... state) {
              Vector weight = lanes.load(w + i);
              s.update(weight, lanes.load(g + i) * scale, state...);
              (lanes.store(buffers[I] + i, state), ...);
              lanes.store(w + i, weight);
            };
            update(lanes.load(buffers[I] + i)...);
          });
        });
  };
  run(std::make_index_sequence<static_cast<std::size_t>(Step::buffers)>{});
}

}  // namespace tessera::kernels
