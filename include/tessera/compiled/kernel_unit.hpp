// SPDX-License-Identifier: BSD-3-Clause
// A unit of the compiled library: the kernels of one scalar for one kind of processor. Its source,
// written by CMake, defines
//   TESSERA_ABI           x86_64_v2, x86_64_v3, ...: the kernels' namespace
//   TESSERA_UNIT_SCALAR   float or double
//   TESSERA_UNIT_TABLE    the name of the function that returns the table
// and is compiled for that processor. Nothing of it but that function may be visible to others:
// what the linker would share with code for other processors must not be compiled here.
#pragma once
#include <tessera/compiled/kernel_table.hpp>
#include <tessera/optimizers/algorithms.hpp>

namespace tessera::inline TESSERA_ABI::kernels::library {

/// A constant of a pointwise function.
struct Number {
  double value;
};

template <class T, class Function>
void add_function(KernelTable<T>& table) {
  constexpr int number = function_number<Function>;
  static_assert(number >= 0 && number < function_count);
  table.pointwise_forward[number] = [](const Context<Cpu>& c, View<const T> x, View<T> y) {
    kernels::pointwise_forward(c, Function{}, x, y);
  };
  table.pointwise_backward[number] = [](const Context<Cpu>& c, View<const T> x, View<const T> y,
                                        View<const T> dy, View<T> dx) {
    kernels::pointwise_backward(c, Function{}, x, y, dy, dx);
  };
}

template <class T, class Function>
void add_error(KernelTable<T>& table) {
  constexpr int number = error_number<Function>;
  static_assert(number >= 0 && number < error_count);
  table.pixel_loss[number] = [](const Context<Cpu>& c, int region, View<const T> y,
                                View<const T> target, HoleView hole, double factor, View<T> dy,
                                std::byte* workspace) {
    return kernels::pixel_loss(c, Function{}, static_cast<Region>(region), y, target, hole, factor,
                               dy, workspace);
  };
  table.target_loss[number] = [](const Context<Cpu>& c, View<const T> y, View<const T> targets,
                                 double target, double factor, View<T> dy, std::byte* workspace) {
    return kernels::target_loss(c, Function{}, y, targets, target, factor, dy, workspace);
  };
}

template <class T, class Step>
void add_step(KernelTable<T>& table) {
  constexpr int number = step_number<Step>;
  static_assert(number >= 0 && number < step_count);
  table.optimizer_step[number] = [](const Context<Cpu>& c, std::size_t n, T* w, const T* g,
                                    T* const* buffers, const void* step, double gradient_scale) {
    kernels::optimizer_step<Step, T>(c, n, w, g, buffers, *static_cast<const Step*>(step),
                                     gradient_scale);
  };
}

template <class T>
KernelTable<T> make_table() {
  KernelTable<T> table{};
#define TESSERA_SET_WINDOW(result, name, parameters, arguments) \
  table.name = [] parameters -> result { return kernels::name<0, 0> arguments; };
#define TESSERA_SET(result, name, parameters, arguments) \
  table.name = [] parameters -> result { return kernels::name<T> arguments; };
  TESSERA_CONVOLUTIONS(TESSERA_SET_WINDOW)
  TESSERA_SCALAR_KERNELS(TESSERA_SET)
  TESSERA_WORKSPACES(TESSERA_SET)
#undef TESSERA_SET
#undef TESSERA_SET_WINDOW
  add_function<T, Relu>(table);
  add_function<T, Sigmoid>(table);
  add_function<T, Tanh>(table);
  add_function<T, Gelu>(table);
  add_function<T, Silu>(table);
  add_function<T, LeakyRelu<Number{0.2}>>(table);
  add_function<T, LeakyRelu<Number{0.1}>>(table);
  add_function<T, LeakyRelu<Number{0.01}>>(table);
  add_function<T, Elu<Number{1}>>(table);
  add_error<T, SquaredError>(table);
  add_error<T, AbsoluteError>(table);
  add_error<T, CrossEntropy>(table);
  add_error<T, LogitCrossEntropy>(table);
  add_error<T, HingeError>(table);
  add_error<T, LinearError>(table);
  add_step<T, Adam::Step>(table);
  add_step<T, AdamW::Step>(table);
  add_step<T, Sgd::Step>(table);
  add_step<T, RMSprop::Step>(table);
  return table;
}

#define TESSERA_SET(result, name, parameters, arguments) \
  table.name = [] parameters -> result { return kernels::name arguments; };
inline MaskKernelTable make_mask_table() {
  MaskKernelTable table{};
  TESSERA_MASK_KERNELS(TESSERA_SET)
  return table;
}
#undef TESSERA_SET

}  // namespace tessera::kernels::library

/// The table of this unit; for float, in *masks, that of the masks' kernels too.
extern "C" const void* TESSERA_UNIT_TABLE(const void** masks) {
  namespace library = tessera::TESSERA_ABI::kernels::library;
  static const auto table = library::make_table<TESSERA_UNIT_SCALAR>();
  if (masks) {
    static const auto mask_table = library::make_mask_table();
    *masks = &mask_table;
  }
  return &table;
}
