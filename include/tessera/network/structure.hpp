// SPDX-License-Identifier: BSD-3-Clause
// The device-independent table of a network: operations, values, scopes, tensors. Every
// static_assert and every algorithm of the library works on it.
#pragma once
#include <span>
#include <string>

#include <tessera/network/containers.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera {

/// The table as spans: what plans, passes and summaries take, whatever the network's type.
struct Structure {
  std::span<const Operation> operations;
  std::span<const ValueInfo> values;  // inputs first
  std::span<const Scope> scopes;
  std::span<const TensorInfo> tensors;
  int inputs = 0;
  int output = 0;                            // value
  std::int64_t trained = 0, statistics = 0;  // elements, padding included
  std::int64_t counters = 0;
  std::int64_t parameter_count = 0;  // trained elements, padding left out
};

namespace detail {

/// Adds layer L's tensors; whether an input of another size would change their sizes.
template <class L>
constexpr bool add_tensors(Lowering& b, const Shape& in) {
  const auto here = L::parameters(in);
  const auto elsewhere =
      L::parameters(Shape{2 * in.height + 1, 2 * in.width + 3, in.channels, in.mask});
  bool differ = false;
  for (std::size_t i = 0; i < here.size(); ++i) {
    b.add_tensor(here[i]);
    differ |= !(here[i].dims == elsewhere[i].dims);
  }
  return differ;
}
// Not part of Layer: this is called at compile time alone, and a function in Layer is compiled
// for the program.
template <class L>
constexpr ParameterList parameter_list() {
  if constexpr (requires { L::parameters(Shape{}); })
    return {std::tuple_size_v<decltype(L::parameters(Shape{}))>, add_tensors<L>};
  else return {};
}

/// Makes the device-independent table.
struct StructureTable : Lowering {
  using Lowering::Lowering;
  template <class L, class... V>
  constexpr Value apply(bool counted, V... x) {
    return Lowering::apply(layer_of<L>, parameter_list<L>(), {x...}, counted);
  }
};

/// Adds the network to the builder; its output value.
template <class InputList, class... L>
constexpr Value lower_network(auto& b) {
  if constexpr (requires { InputList::make(b); }) {
    return Sequential<L...>::lower(b, InputList::make(b));
  } else {
    static_assert(sizeof(InputList) == 0,
                  "tessera: a network begins with Input, MaskedInput or Inputs");
    return {};
  }
}

struct TableSize {
  int operations, values, scopes, tensors;
};

template <TableSize Size>
struct Table {
  Operation operations[Size.operations + 1]{};
  ValueInfo values[Size.values + 1]{};
  Scope scopes[Size.scopes + 1]{};
  TensorInfo tensors[Size.tensors + 1]{};
  Fault fault{};
  int inputs = 0, output = 0;
  std::int64_t trained = 0, statistics = 0, counters = 0, parameter_count = 0;

  constexpr Table(const Lowering& b, int output_value)
      : fault(b.fault),
        inputs(b.inputs),
        output(output_value),
        trained(b.trained),
        statistics(b.statistics),
        counters(b.counters),
        parameter_count(b.parameter_count) {
    for (int i = 0; i < Size.operations; ++i) operations[i] = b.operations[i];
    for (int i = 0; i < Size.values; ++i) values[i] = b.values[i];
    for (int i = 0; i < Size.scopes; ++i) scopes[i] = b.scopes[i];
    for (int i = 0; i < Size.tensors; ++i) tensors[i] = b.tensors[i];
  }

  constexpr Structure view() const {
    return {{operations, Size.operations},
            {values, Size.values},
            {scopes, Size.scopes},
            {tensors, Size.tensors},
            inputs,
            output,
            trained,
            statistics,
            counters,
            parameter_count};
  }
};

template <class InputList, class... L>
constexpr auto make_table() {
  constexpr TableSize size = [] {
    Builder<StructureTable> b(true);
    lower_network<InputList, L...>(b);
    return TableSize{b.operations.size(), b.values.size(), b.scopes.size(), b.tensor_count};
  }();
  Builder<StructureTable> b;
  const int output = lower_network<InputList, L...>(b).id;
  return Table<size>(b, output);
}

}  // namespace detail

/// Whether the layer's parameters were made for another size than this input's.
constexpr bool refuses_size(const Structure& s, const Operation& op, const InputShapes& in) {
  return op.fixed_size && !(in.shape[0] == s.values[static_cast<std::size_t>(op.input[0])].shape);
}
/// The value of this label, or -1.
constexpr int value_of(const Structure& s, std::string_view label) {
  for (std::size_t v = 0; v < s.values.size(); ++v)
    if (s.values[v].label == label) return static_cast<int>(v);
  return -1;
}
/// "enc1.conv": the scopes of an operation, and its position where it has no name of its own.
inline std::string path_of(const Structure& s, int scope, int position = -1) {
  std::string path = position >= 0 ? text({position}) : "";
  for (int i = scope; i > 0; i = s.scopes[static_cast<std::size_t>(i)].parent)
    path = text({s.scopes[static_cast<std::size_t>(i)].name, path.empty() ? "" : ".", path});
  return path;
}
inline std::string path_of(const Structure& s, const Operation& op) {
  return path_of(s, op.scope, op.position);
}
/// "enc1.conv.weight".
inline std::string name_of(const Structure& s, const TensorInfo& t) {
  const std::string path = path_of(s, s.operations[static_cast<std::size_t>(t.operation)]);
  return text({path, path.empty() ? "" : ".", t.parameter.name});
}
/// Whether `path` is `prefix` or lies inside it: "enc1" covers "enc1.conv.weight" and not "enc10".
constexpr bool has_prefix(std::string_view path, std::string_view prefix) {
  if (prefix.empty()) return true;
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '.' || prefix.back() == '.';
}

}  // namespace tessera
