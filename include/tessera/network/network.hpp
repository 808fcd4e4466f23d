// SPDX-License-Identifier: BSD-3-Clause
// Network<Input, layers...>: the type users name, its compile-time check, and what static_asserts
// may ask of it.
#pragma once
#include <tessera/network/structure.hpp>

namespace tessera {

/// Text of a path as a template argument: readable in g++'s messages.
struct Path {
  char text[64]{};
};
/// The same letter by letter: readable in clang's.
template <char... Letters>
struct InBlock {};

/// The error a user reads: what is wrong, in which block, which unnamed layer there, the layer, the
/// shapes of its inputs and, for joins, the blocks that produced them.
template <Complaint What, Path Where, int Position, const Layer* TheLayer, Shape First,
          Shape Second, Path FirstFrom = Path{}, Path SecondFrom = Path{}>
struct network_error {
#define TESSERA_COMPLAINT(name, text) static_assert(What != Complaint::name, "tessera: " text);
  TESSERA_COMPLAINTS(TESSERA_COMPLAINT)
#undef TESSERA_COMPLAINT
  static constexpr bool ok = What == Complaint::none;
};

namespace detail {

/// Path of an operation as in weight names: its scopes, then its index where it has no name of its
/// own.
template <class T>
constexpr Path path_text(const T& table, int scope, int position) {
  int chain[32]{}, depth = 0, length = 0;
  for (int s = scope; s > 0 && depth < 32; s = table.scopes[s].parent) chain[depth++] = s;
  Path path;
  const auto put = [&](char c) {
    if (length < 63) path.text[length++] = c;
  };
  for (int i = depth - 1; i >= 0; --i) {
    for (const char c : table.scopes[chain[i]].name) put(c);
    if (i > 0 || position >= 0) put('.');
  }
  if (position >= 100) put(static_cast<char>('0' + position / 100 % 10));
  if (position >= 10) put(static_cast<char>('0' + position / 10 % 10));
  if (position >= 0) put(static_cast<char>('0' + position % 10));
  return path;
}
template <class T>
constexpr Path producer_text(const T& table, int value) {
  if (value < 0 || table.values[value].producer < 0) return Path{};
  const Operation& op = table.operations[table.values[value].producer];
  return path_text(table, op.scope, op.position);
}

// Not constexpr on purpose: calling it in a constant expression makes the compiler print its
// template arguments, which is how clang names the layer (it prints an address as "&layer_of").
template <class TheLayer, class Where, class FirstInputFrom, class SecondInputFrom>
int the_layer_named_here_does_not_fit() {
  return 0;
}

template <int Operation, class... Blocks>
struct NamingTable : StructureTable {
  template <class L, class... V>
  constexpr Value apply(bool counted, V... x) {
    if (operation_count() == Operation) the_layer_named_here_does_not_fit<L, Blocks...>();
    return StructureTable::apply<L>(counted, x...);
  }
};

template <Path P, int... I>
InBlock<P.text[I]...> letters(std::integer_sequence<int, I...>);
template <Path P>
constexpr int length_of() {
  int n = 0;
  while (n < 63 && P.text[n]) ++n;
  return n;
}
template <Path P>
using LettersOf = decltype(letters<P>(std::make_integer_sequence<int, length_of<P>()>{}));

template <class Naming, class InputList, class... L>
constexpr int lowered_with() {
  Builder<Naming> b;
  return lower_network<InputList, L...>(b).id;
}

}  // namespace detail

/// A network: inputs, then layers and containers in order. Its shapes are checked when it is named.
template <class InputList, class... L>
struct Network {
  static constexpr auto table = detail::make_table<InputList, L...>();
  static constexpr Structure structure = table.view();

  /// Adds the inputs, then the layers, to a builder.
  static constexpr Value lower(auto& builder) {
    return detail::lower_network<InputList, L...>(builder);
  }

  static constexpr bool check() {
    constexpr Fault f = table.fault;
    if constexpr (f.complaint == Complaint::none) {
      return true;
    } else {
      constexpr Path where = detail::path_text(table, f.scope, f.position);
      constexpr Path first = detail::producer_text(table, f.first_value);
      constexpr Path second = detail::producer_text(table, f.second_value);
      constexpr bool ok = network_error<f.complaint, where, f.position, f.layer, f.first, f.second,
                                        first, second>::ok;
      using Naming = detail::NamingTable<f.operation, detail::LettersOf<where>,
                                         detail::LettersOf<first>, detail::LettersOf<second>>;
      constexpr int named = detail::lowered_with<Naming, InputList, L...>();
      return ok && named >= 0;
    }
  }
  static_assert(check());
};

/// A network's table, with which all that runs it works: operations, values, scopes, tensors.
template <class Net>
inline constexpr Structure structure = Net::structure;

/// Shape of one output sample (its mask, if any, is `output_mask`).
template <class Net>
inline constexpr Shape output_shape =
    structure<Net>.values[static_cast<std::size_t>(structure<Net>.output)].shape.unmasked();
template <class Net>
inline constexpr MaskGroups output_mask =
    structure<Net>.values[static_cast<std::size_t>(structure<Net>.output)].shape.mask;
template <class Net>
inline constexpr Shape input_shape = structure<Net>.values[0].shape;
/// Trained parameters.
template <class Net>
inline constexpr std::int64_t parameter_count = structure<Net>.parameter_count;

}  // namespace tessera
