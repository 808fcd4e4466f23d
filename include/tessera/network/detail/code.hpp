// SPDX-License-Identifier: BSD-3-Clause
// The device-dependent table: forward and backward of every operation for one device and scalar.
// Instantiated only where a model of that device and scalar is made.
#pragma once
#include <type_traits>

#include <tessera/layers/run.hpp>
#include <tessera/network/network.hpp>

namespace tessera {

/// Functions of one operation; both null where a layer is written for float alone and another
/// scalar is asked for.
template <class Device, class T>
struct Code {
  void (*forward)(const Run<Device, T>&) = nullptr;
  void (*backward)(const Run<Device, T>&) = nullptr;
};

/// What a user reads whose layer lacks functions for the model's device.
template <class L, class Device>
struct layer_has_no_code_for {
  static_assert(sizeof(L) == 0,
                "tessera: this layer needs `static void forward(const tessera::Run<Device, T>&)` "
                "and a `backward` of the same form for the device of the model; both are named at "
                "`layer_has_no_code_for<layer, device>`");
};

namespace detail {

/// Collects the functions, operation by operation; all else is known from the structure.
template <class Device, class T>
struct CodeCollector {
  const Structure& structure;
  Code<Device, T>* next;

  constexpr CodeCollector(const Structure& s, Code<Device, T>* first) : structure(s), next(first) {}

  constexpr Value input(const Shape&, std::string_view) { return {inputs_++}; }
  constexpr void mark(Value, std::string_view) {}
  constexpr Value label(std::string_view label) const { return {value_of(structure, label)}; }
  constexpr const Shape& shape(Value v) const {
    return structure.values[static_cast<std::size_t>(v.id)].shape;
  }
  constexpr int open(std::string_view) { return 0; }
  constexpr void close(int) {}
  constexpr InitialRule initial(InitialRule rule) { return rule; }
  constexpr void enter_container() {}
  template <class L, class... V>
  constexpr Value apply(bool, V...) {
    if constexpr (requires { Code<Device, T>{&L::forward, &L::backward}; })
      *next = {&L::forward, &L::backward};
    else if constexpr (std::is_same_v<T, float>) (void)sizeof(layer_has_no_code_for<L, Device>);
    ++next;
    return {outputs_++};
  }

 private:
  int inputs_ = 0, outputs_ = structure.inputs;
};

template <class Net, class Device, class T>
struct CodeTable {
  Code<Device, T> code[Net::structure.operations.size() + 1]{};

  constexpr CodeTable() {
    Builder<CodeCollector<Device, T>> b(Net::structure, code);
    Net::lower(b);
  }
};

}  // namespace detail

template <class Net, class Device, class T>
inline constexpr detail::CodeTable<Net, Device, T> code_table{};

/// The table as a view, whatever the network's type.
template <class Net, class Device, class T>
constexpr ArrayView<Code<Device, T>> code() {
  return {code_table<Net, Device, T>.code, Net::structure.operations.size()};
}

}  // namespace tessera
