// SPDX-License-Identifier: BSD-3-Clause
// The device-independent table of a network: operations, values, scopes, tensors. Every
// static_assert and every algorithm of the library works on it.
#pragma once
#include <span>
#include <string>

#include <tessera/network/containers.hpp>

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

struct StructureBackend {
  struct Entry {};
  template <class L>
  static constexpr Entry make(int) {
    return {};
  }
};

template <class Backend, class InputList, class... L>
constexpr Builder<Backend> lower_network(int& output) {
  Builder<Backend> b;
  if constexpr (requires { InputList::make(b); }) {
    const Value x = InputList::make(b);
    output = Sequential<L...>::lower(b, x).id;
  } else {
    static_assert(sizeof(InputList) == 0,
                  "tessera: a network begins with Input, MaskedInput or Inputs");
  }
  return b;
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
    int output = 0;
    const auto b = lower_network<StructureBackend, InputList, L...>(output);
    return TableSize{b.operations.size(), b.values.size(), b.scopes.size(), b.tensors.size()};
  }();
  Table<size> t;
  const auto b = lower_network<StructureBackend, InputList, L...>(t.output);
  for (int i = 0; i < size.operations; ++i) t.operations[i] = b.operations[i];
  for (int i = 0; i < size.values; ++i) t.values[i] = b.values[i];
  for (int i = 0; i < size.scopes; ++i) t.scopes[i] = b.scopes[i];
  for (int i = 0; i < size.tensors; ++i) t.tensors[i] = b.tensors[i];
  t.fault = b.fault;
  t.inputs = b.inputs;
  t.trained = b.trained;
  t.statistics = b.statistics;
  t.counters = b.counters;
  t.parameter_count = b.parameter_count;
  return t;
}

}  // namespace detail

/// "enc1.conv": the scopes of an operation, and its position where it has no name of its own.
inline std::string path_of(const Structure& s, int scope, int position = -1) {
  std::string path = position >= 0 ? std::to_string(position) : "";
  for (int i = scope; i > 0; i = s.scopes[static_cast<std::size_t>(i)].parent) {
    const std::string name(s.scopes[static_cast<std::size_t>(i)].name);
    path = path.empty() ? name : name + "." + path;
  }
  return path;
}
inline std::string path_of(const Structure& s, const Operation& op) {
  return path_of(s, op.scope, op.position);
}
/// "enc1.conv.weight".
inline std::string name_of(const Structure& s, const TensorInfo& t) {
  const std::string path = path_of(s, s.operations[static_cast<std::size_t>(t.operation)]);
  return (path.empty() ? "" : path + ".") + std::string(t.parameter.name);
}
/// Whether `path` is `prefix` or lies inside it: "enc1" covers "enc1.conv.weight" and not "enc10".
constexpr bool has_prefix(std::string_view path, std::string_view prefix) {
  if (prefix.empty()) return true;
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '.' || prefix.back() == '.';
}

}  // namespace tessera
