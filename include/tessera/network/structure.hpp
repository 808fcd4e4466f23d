// SPDX-License-Identifier: BSD-3-Clause
// The device-independent table of a network: operations, values, scopes, tensors. Every
// static_assert and every algorithm of the library works on it.
#pragma once
#include <string>

#include <tessera/network/containers.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera {

/// The table as views: what plans, passes and summaries take, whatever the network's type.
struct Structure {
  ArrayView<Operation> operations;
  ArrayView<ValueInfo> values;  // inputs first
  ArrayView<Scope> scopes;
  ArrayView<TensorInfo> tensors;
  int inputs = 0;
  int output = 0;                            // value
  std::int64_t trained = 0, statistics = 0;  // elements, padding included
  std::int64_t counters = 0;
  std::int64_t parameter_count = 0;  // trained elements, padding left out
};

namespace detail {

/// Makes the device-independent table.
struct StructureTable : Lowering {
  using Lowering::Lowering;
  template <class L, class... V>
  constexpr Value apply(bool counted, V... x) {
    if constexpr (requires { &L::parameters; })
      return Lowering::apply(layer_of<L>, &L::parameters, {x...}, counted);
    else {
      static_assert(
          !requires { L::parameters(Shape{}); },
          "tessera: a layer's `parameters` is one function and no template");
      return Lowering::apply(layer_of<L>, {x...}, counted);
    }
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

  constexpr explicit Table(Value (*lower)(Builder<StructureTable>&)) {
    Builder<StructureTable> b(*this);
    output = lower(b).id;
    fault = b.fault;
    inputs = b.inputs;
    trained = b.trained;
    statistics = b.statistics;
    counters = b.counters;
    parameter_count = b.parameter_count;
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
constexpr Value lower_structure(Builder<StructureTable>& b) {
  return lower_network<InputList, L...>(b);
}
template <class InputList, class... L>
constexpr auto make_table() {
  constexpr TableSize size = [] {
    Builder<StructureTable> b;
    lower_structure<InputList, L...>(b);
    return TableSize{b.operation_count(), b.values.size(), b.scopes.size(), b.tensor_count};
  }();
  return Table<size>(lower_structure<InputList, L...>);
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
