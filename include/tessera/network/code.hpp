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
                "and a `backward` of "
                "the same form for the device of the model");
};

namespace detail {

template <class Device, class T>
struct CodeBackend {
  using Entry = Code<Device, T>;
  template <class L>
  static constexpr Entry make(int) {
    using Function = void (*)(const Run<Device, T>&);
    if constexpr (requires {
                    static_cast<Function>(&L::forward);
                    static_cast<Function>(&L::backward);
                  }) {
      return {static_cast<Function>(&L::forward), static_cast<Function>(&L::backward)};
    } else {
      if constexpr (std::is_same_v<T, float>) (void)sizeof(layer_has_no_code_for<L, Device>);
      return {};
    }
  }
};

template <class Net, class Device, class T>
struct CodeTable {
  static constexpr int size = static_cast<int>(Net::structure.operations.size());
  Code<Device, T> code[size + 1]{};

  constexpr CodeTable() {
    const auto b = Net::template lower<CodeBackend<Device, T>>();
    for (int i = 0; i < size; ++i) code[i] = b.entries[i];
  }
};

}  // namespace detail

template <class Net, class Device, class T>
inline constexpr detail::CodeTable<Net, Device, T> code_table{};

/// The table as a span, whatever the network's type.
template <class Net, class Device, class T>
constexpr std::span<const Code<Device, T>> code() {
  return {code_table<Net, Device, T>.code, Net::structure.operations.size()};
}

}  // namespace tessera
