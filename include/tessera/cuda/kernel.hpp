// SPDX-License-Identifier: BSD-3-Clause
// A kernel as the run-time compiler sees it: a text, and the name of one instance of a template in
// it, with the types and numbers it is specialised to.
#pragma once
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include <tessera/cuda/text.hpp>
#include <tessera/cuda/text_check.hpp>
#include <tessera/tensor/fnv1a.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// One instance of a kernel. `name` is a name expression such as
/// "tessera::cuda::pointwise_forward<float, 4>"; `definitions` what the text does not hold:
/// functors of pointwise operations.
struct Kernel {
  const Text* text;
  std::string name, definitions;
};

namespace detail {

/// A functor as device code: its own text, with the numbers and constants that it may read.
template <class F>
std::string functor_body() {
  static_assert(
      requires { F::text; },
      "tessera: this functor has no text for the GPU: make it with TESSERA_POINTWISE, "
      "TESSERA_POINTWISE_BODY, TESSERA_LOSS or TESSERA_OPTIMIZER");
  if constexpr (requires { F::text; })
    static_assert(gpu_knows<unknown_name_of<F>()>,
                  "tessera: a text reads a name that the GPU would not know: declare the constant "
                  "inside the text, or list it in TESSERA_CONSTANTS(name)");
  std::string body = " : tessera::pointwise::Functions { ";
  if constexpr (requires { F::numbers; }) body += pointwise::detail::numbers_text(F::numbers);
  if constexpr (requires { F::constants(); }) body += F::constants();
  return body + F::text + " };\n";
}

/// A type in device code: its name, or the body of the functor it is.
struct DeviceType {
  std::string_view name;
  std::string (*body)() = nullptr;
};
template <class T>
constexpr DeviceType device_type() {
  if constexpr (std::is_same_v<T, float>) return {"float"};
  else if constexpr (std::is_same_v<T, double>) return {"double"};
  else if constexpr (requires { std::string_view{T::device_name}; })
    return {T::device_name};  // a type of the texts themselves
  else return {"", functor_body<T>};
}
inline std::string type_name(const DeviceType& type, std::string& definitions) {
  if (!type.body) return std::string(type.name);
  const std::string body = type.body();
  char name[24];
  std::snprintf(name, sizeof name, "Functor%016llx", static_cast<unsigned long long>(fnv1a(body)));
  const std::string definition = std::string("struct ") + name + body;
  if (definitions.find(definition) == std::string::npos) definitions += definition;
  return std::string("tessera::cuda::") + name;
}

/// Compiled once, and not for every launch.
[[gnu::noinline]] inline Kernel make_kernel(const Text& text, std::string_view name,
                                            std::initializer_list<DeviceType> types,
                                            std::initializer_list<long> values) {
  Kernel kernel{&text, "tessera::cuda::", {}};
  kernel.name += name;
  char open = '<';
  const auto add = [&](const std::string& argument) {
    kernel.name += open + argument;
    open = ',';
  };
  for (const DeviceType& type : types) add(type_name(type, kernel.definitions));
  for (const long value : values) add(std::to_string(value));
  kernel.name += '>';
  return kernel;
}
template <class... Types>
Kernel make_kernel(const Text& text, std::string_view name, std::initializer_list<long> values) {
  return make_kernel(text, name, {device_type<Types>()...}, values);
}

#ifdef TESSERA_CUDA_EMULATE
/// The same kernel with its code in this program.
template <class... P>
struct EmulatedKernel : Kernel {
  void (*code)(P...);
};
template <class... P>
EmulatedKernel<P...> make_emulated(Kernel kernel, void (*code)(P...)) {
  return {std::move(kernel), code};
}
#endif

}  // namespace detail
}  // namespace tessera::cuda

/// Instance `name<types..., values...>` of a kernel template of `text`: both lists in parentheses,
/// at least one type; values are integers. TESSERA_CUDA_KERNEL(copy_text, copy, (float), (4))
#ifdef TESSERA_CUDA_EMULATE
#define TESSERA_CUDA_BEHIND(...) __VA_OPT__(, ) __VA_ARGS__
#define TESSERA_CUDA_KERNEL(text, name, types, values)                                           \
  ::tessera::cuda::detail::make_emulated(                                                        \
      ::tessera::cuda::detail::make_kernel<TESSERA_CUDA_LIST types>(text, #name,                 \
                                                                    {TESSERA_CUDA_LIST values}), \
      &::tessera::cuda::name<TESSERA_CUDA_LIST types TESSERA_CUDA_BEHIND values>)
#else
#define TESSERA_CUDA_KERNEL(text, name, types, values)                       \
  ::tessera::cuda::detail::make_kernel<TESSERA_CUDA_LIST types>(text, #name, \
                                                                {TESSERA_CUDA_LIST values})
#endif
