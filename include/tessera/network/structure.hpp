// SPDX-License-Identifier: BSD-3-Clause
// The device-independent table of a network: operations, values, scopes, tensors. Every
// static_assert and every algorithm of the library works on it.
#pragma once
#include <cstddef>
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

/// A layer that needs a mask, or two inputs alike, is blamed only where no layer before ended the
/// mask: else that layer is, and the second value is that of the layer that misses the mask.
template <class Table>
constexpr Fault blamed(const Table& t, const Fault& f) {
  const bool about_masks =
      f.complaint == Complaint::not_masked || f.complaint == Complaint::concat_mask ||
      (f.complaint == Complaint::sum_shape && f.first.unmasked() == f.second.unmasked());
  if (!about_masks) return f;
  const int unmasked = f.first.masked() ? f.second_value : f.first_value;
  if (unmasked < 0 || t.values[unmasked].shape.masked()) return f;
  Grow<char> from(unmasked + 1);  // whether the value with no mask is made from this one
  from[unmasked] = 1;
  for (int i = t.values[unmasked].producer; i >= 0; --i) {
    const Operation& op = t.operations[i];
    if (op.output > unmasked || !from[op.output]) continue;
    for (int k = 0; k < op.input_count; ++k) {
      if (t.values[op.input[k]].shape.masked())
        return Fault{.complaint = Complaint::mask_ended,
                     .operation = i,
                     .scope = op.scope,
                     .position = op.position,
                     .layer = op.layer,
                     .first = t.values[op.input[k]].shape,
                     .second = {},
                     .first_value = op.input[k],
                     .second_value = t.operations[f.operation].output};
      from[op.input[k]] = 1;
    }
  }
  return f;
}

struct TableSize {
  int operations, values, scopes, tensors;
};

template <TableSize Size>
struct Table {
  Operation operations[std::size_t{Size.operations + 1}]{};
  ValueInfo values[std::size_t{Size.values + 1}]{};
  Scope scopes[std::size_t{Size.scopes + 1}]{};
  TensorInfo tensors[std::size_t{Size.tensors + 1}]{};
  Fault fault{};
  int inputs = 0, output = 0;
  std::int64_t trained = 0, statistics = 0, counters = 0, parameter_count = 0;

  constexpr explicit Table(Value (*lower)(Builder<StructureTable>&)) {
    Builder<StructureTable> b(*this);
    output = lower(b).id;
    fault = blamed(*this, b.fault);
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

/// Whether the layer's parameters were made for another size, or number of channels, than this
/// input's: behind Flatten the channels depend on the image's size.
constexpr bool refuses_size(const Structure& s, const Operation& op, const InputShapes& in) {
  const Shape& made_for = s.values[static_cast<std::size_t>(op.input[0])].shape;
  return (op.fixed_size && !(in.shape[0] == made_for)) ||
         (op.fixed_channels && in.shape[0].channels != made_for.channels);
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
/// Whether a tensor's name is `prefix` or lies inside it, as has_prefix of its name_of.
constexpr bool lies_in(const Structure& s, const TensorInfo& t, std::string_view prefix) {
  const Operation& op = s.operations[static_cast<std::size_t>(t.operation)];
  if (prefix.empty()) return true;
  std::size_t matched = 0;
  bool differs = false, ends = prefix.back() == '.', begun = false;
  const auto put = [&](char c) {
    if (matched < prefix.size()) differs |= prefix[matched++] != c;
    else if (matched++ == prefix.size()) ends |= c == '.';
  };
  const auto component = [&](std::string_view text) {
    if (begun) put('.');
    for (const char c : text) put(c);
    begun = true;
  };
  Grow<int> chain;
  for (int i = op.scope; i > 0; i = s.scopes[static_cast<std::size_t>(i)].parent) chain.push(i);
  for (int i = chain.size() - 1; i >= 0; --i)
    component(s.scopes[static_cast<std::size_t>(chain[i])].name);
  if (op.position >= 0) {
    char digits[10]{};
    std::size_t at = sizeof digits;
    for (int n = op.position; n > 0 || at == sizeof digits; n /= 10)
      digits[--at] = static_cast<char>('0' + n % 10);
    component({digits + at, sizeof digits - at});
  }
  component(t.parameter.name);
  return !differs && matched >= prefix.size() && (ends || matched == prefix.size());
}
/// The elements [begin, end) of trained tensors, statistics and counters in the block of this name.
struct BlockSpans {
  std::int64_t begin[3]{}, end[3]{};
  bool found = false;
  bool alone = true;  // nothing of other blocks lies between them
};
constexpr BlockSpans spans_of_block(const Structure& s, std::string_view name) {
  BlockSpans spans;
  bool begun[3]{};
  for (const TensorInfo& t : s.tensors) {
    if (!lies_in(s, t, name)) continue;
    const auto role = static_cast<std::size_t>(t.parameter.role);
    if (!begun[role]) spans.begin[role] = spans.end[role] = t.offset;
    begun[role] = true;
    spans.alone &= t.offset == spans.end[role];
    spans.end[role] = t.offset + stored_size(t.parameter);
    spans.found |= t.parameter.role != Role::counter;
  }
  return spans;
}
/// Whether `path` is `prefix` or lies inside it: "enc1" covers "enc1.conv.weight" and not "enc10".
constexpr bool has_prefix(std::string_view path, std::string_view prefix) {
  if (prefix.empty()) return true;
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '.' || prefix.back() == '.';
}

}  // namespace tessera
