// SPDX-License-Identifier: BSD-3-Clause
// Lowering: what the user writes is types, what the library works on is a table of values. A
// container's `lower` adds layers, joins, labels and scopes to a Builder; values are numbered and
// may be read any number of times.
#pragma once
#include <string_view>
#include <type_traits>

#include <tessera/layers/join.hpp>
#include <tessera/network/detail/lowering.hpp>

namespace tessera {

inline namespace TESSERA_ABI {
namespace pointwise {
struct Functions;  // in <tessera/tensor/pointwise_functions.hpp>
}
}  // namespace TESSERA_ABI
template <class Function>
struct Pointwise;  // in <tessera/layers/pointwise.hpp>

/// What a container's `lower` is called with. `Table` says what becomes of it: it has `input`,
/// `mark`, `label`, `shape`, `open`, `close`, `initial`, `enter_container` and
/// `apply<Layer>(counted, values...)`. A function here is compiled for every layer and container of
/// a network: they are kept short.
template <class Table>
class Builder : public Table {
 public:
  using Table::Table;

  /// Applies a layer or container to one or more values.
  template <class L, class... V>
  constexpr Value add(L, V... x) {
    return put<L>(x...);
  }
  /// The same for a type alone, which no object has to be made of: b.template put<L>(x).
  template <class L, class... More>
  constexpr Value put(Value x, More... more) {
    if constexpr (requires { L::lower(*this, x, more...); }) {
      this->enter_container();
      return L::lower(*this, x, more...);
    } else if constexpr (std::is_base_of_v<pointwise::Functions, L>) {
      return Table::template apply<Pointwise<L>>(true, x, more...);
    } else {
      return Table::template apply<L>(true, x, more...);
    }
  }
  /// Joins channels in the order given.
  constexpr Value concat(Value a, Value b) { return Table::template apply<Concat>(false, a, b); }
  constexpr Value sum(Value a, Value b) { return Table::template apply<Sum>(false, a, b); }
  constexpr Value product(Value a, Value b) { return Table::template apply<Product>(false, a, b); }

  /// Applies a block inside a scope of this name.
  template <class L, class... More>
  constexpr Value named(std::string_view name, L, Value x, More... more) {
    const int outer = this->open(name);
    const Value y = put<L>(x, more...);
    this->close(outer);
    return y;
  }
};

}  // namespace tessera
