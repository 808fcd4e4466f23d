// SPDX-License-Identifier: BSD-3-Clause
// The compiled library's entries for one scalar: each kernel by the table of this processor. Its
// source, written by CMake, defines TESSERA_UNIT_SCALAR and
//   TESSERA_UNIT_TABLES(K)   K(v2, name) ...: the tables of its units
#pragma once
#include <tessera/compiled/kernel_table.hpp>
#include <tessera/compiled/processor.hpp>

#define TESSERA_UNIT(level, name) extern "C" const void* name(const void** masks);
TESSERA_UNIT_TABLES(TESSERA_UNIT)
#undef TESSERA_UNIT

namespace tessera::inline TESSERA_ABI::kernels {

namespace library {

using T = TESSERA_UNIT_SCALAR;

/// The table of this processor, and where `masks` is given that of the masks' kernels.
inline const void* choose_table(const void** masks, T) {
  switch (processor()) {
#define TESSERA_UNIT(level, name) \
  case Processor::level: return name(masks);
    TESSERA_UNIT_TABLES(TESSERA_UNIT)
#undef TESSERA_UNIT
    default: throw DeviceError("the compiled library has no kernels for this processor");
  }
}

/// Made in another namespace, of the same members.
inline const KernelTable<T>& table(T scalar) {
  static const auto* chosen = static_cast<const KernelTable<T>*>(choose_table(nullptr, scalar));
  return *chosen;
}

#define TESSERA_ENTRY(result, name, parameters, arguments) \
  template <>                                              \
  result name<T> parameters {                              \
    return table(T{}).name arguments;                      \
  }
TESSERA_CONVOLUTIONS(TESSERA_ENTRY)
TESSERA_WORKSPACES(TESSERA_ENTRY)
#undef TESSERA_ENTRY

template <>
void pointwise_forward<T>(int function, const Context<Cpu>& c, View<const T> x, View<T> y) {
  table(T{}).pointwise_forward[function](c, x, y);
}
template <>
void pointwise_backward<T>(int function, const Context<Cpu>& c, View<const T> x, View<const T> y,
                           View<const T> dy, View<T> dx) {
  table(T{}).pointwise_backward[function](c, x, y, dy, dx);
}
template <>
void optimizer_step<T>(int number, const Context<Cpu>& c, std::size_t n, T* w, const T* g,
                       T* const* buffers, const void* step, double gradient_scale) {
  table(T{}).optimizer_step[number](c, n, w, g, buffers, step, gradient_scale);
}

template <>
double pixel_loss<T>(int error, const Context<Cpu>& c, int region, View<const T> y,
                     View<const T> target, HoleView hole, double factor, View<T> dy,
                     std::byte* workspace) {
  return table(T{}).pixel_loss[error](c, region, y, target, hole, factor, dy, workspace);
}
template <>
double target_loss<T>(int error, const Context<Cpu>& c, View<const T> y, View<const T> targets,
                      double target, double factor, View<T> dy, std::byte* workspace) {
  return table(T{}).target_loss[error](c, y, targets, target, factor, dy, workspace);
}

}  // namespace library

using T = TESSERA_UNIT_SCALAR;

#define TESSERA_ENTRY(result, name, parameters, arguments) \
  template <>                                              \
  result name<T> parameters {                              \
    return library::table(T{}).name arguments;             \
  }
TESSERA_SCALAR_KERNELS(TESSERA_ENTRY)
#undef TESSERA_ENTRY

#ifdef TESSERA_UNIT_MASKS
namespace library {
inline const MaskKernelTable& mask_table() {
  static const auto* chosen = [] {
    const void* masks = nullptr;
    choose_table(&masks, T{});
    return static_cast<const MaskKernelTable*>(masks);
  }();
  return *chosen;
}
}  // namespace library

#define TESSERA_ENTRY(result, name, parameters, arguments) \
  result name parameters { return library::mask_table().name arguments; }
TESSERA_MASK_KERNELS(TESSERA_ENTRY)
#undef TESSERA_ENTRY
#endif

}  // namespace tessera::kernels

#ifdef TESSERA_UNIT_MASKS
/// The threads of the library, for its kernels.
extern "C" void tessera_parallel_for(int threads, std::ptrdiff_t count,
                                     void (*task)(const void*, std::ptrdiff_t), const void* data) {
  tessera::parallel_for({threads}, count, [&](std::ptrdiff_t i) { task(data, i); });
}
#endif
