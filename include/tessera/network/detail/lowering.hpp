// SPDX-License-Identifier: BSD-3-Clause
// The table of a network while it grows: operations, values, scopes, tensors, and the first thing
// that is wrong. Nothing here depends on a layer's type, so all of it is compiled once.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include <tessera/layers/layer.hpp>
#include <tessera/tensor/grow.hpp>

namespace tessera {

/// A numbered value of the network under construction.
struct Value {
  int id = -1;
};

/// A named block; parent and name spell the path.
struct Scope {
  int parent = -1;
  std::string_view name;
  int leaves = 0;  // unnamed layers so far
};

/// One row of the table: a layer applied to values.
struct Operation {
  const Layer* layer = nullptr;
  int input[InputShapes::max_count]{-1, -1, -1, -1};
  int input_count = 0;
  int output = -1;
  int scope = 0;
  int position =
      -1;  // index among the unnamed layers of the scope; -1 where the scope's name is the layer's
  int first_tensor = 0, tensor_count = 0;
  bool fixed_size = false;      // its tensors are made for one height and width of its input
  bool fixed_channels = false;  // and for one number of channels
};

struct ValueInfo {
  Shape shape;
  std::string_view label;
  int producer = -1;  // operation, or -1 for an input
};

/// A tensor of the model's state: the layer's parameter, whose it is, where it lies.
struct TensorInfo {
  Parameter parameter;
  int operation = 0;
  std::int64_t offset = 0;  // elements: in [0, P) trained, in [0, S) statistics, index of a counter
};

/// The first thing that is wrong, and where.
struct Fault {
  Complaint complaint = Complaint::none;
  int operation = -1, scope = 0, position = -1;
  const Layer* layer = nullptr;
  Shape first, second;
  int first_value = -1, second_value = -1;
};

/// Every tensor starts at a multiple of this many elements, so that its vectors are aligned.
inline constexpr std::int64_t tensor_alignment = 16;
/// Elements a tensor takes of its buffer, padding included; counters lie side by side.
constexpr std::int64_t stored_size(const Parameter& p) {
  const std::int64_t n = p.dims.count();
  return p.role == Role::counter ? n
                                 : (n + tensor_alignment - 1) / tensor_alignment * tensor_alignment;
}

/// Says how a trained tensor of a layer begins; `keep_initial` leaves it to the layer.
using InitialRule = Initializer (*)(const Layer&, const Parameter&);
constexpr Initializer keep_initial(const Layer&, const Parameter& p) { return p.initializer; }

/// Rows of a table under construction: in the table's array, or while they are counted in one that
/// grows.
template <class T>
class Rows {
 public:
  constexpr Rows() = default;
  constexpr explicit Rows(T* table) : rows_(table), in_table_(true) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  constexpr void push(const T& row) {
    if (in_table_) {
      rows_[size_] = row;
    } else {
      counted_.push(row);
      rows_ = counted_.begin();
    }
    ++size_;
  }
  constexpr int size() const { return size_; }
  constexpr T& operator[](int i) { return rows_[i]; }
  constexpr const T& operator[](int i) const { return rows_[i]; }
  constexpr const T* begin() const { return rows_; }
  constexpr const T* end() const { return rows_ + size_; }

 private:
  T* rows_ = nullptr;
  int size_ = 0;
  bool in_table_ = false;
  Grow<T> counted_;
};

/// Receives what a network is made of, and computes shapes, names and offsets as it comes.
class Lowering {
 public:
  Rows<Operation> operations;
  Rows<ValueInfo> values;
  Rows<Scope> scopes;
  Rows<TensorInfo> tensors;
  std::int64_t trained = 0, statistics = 0, counters = 0, parameter_count = 0;
  int inputs = 0, tensor_count = 0;
  Fault fault;

  /// Operations and tensors are counted and not listed; what is wrong is found all the same.
  constexpr Lowering() : counting_(true) { scopes.push(Scope{}); }
  /// Fills the arrays of a table.
  template <class Table>
  constexpr explicit Lowering(Table& table)
      : operations(table.operations),
        values(table.values),
        scopes(table.scopes),
        tensors(table.tensors),
        counting_(false) {
    scopes.push(Scope{});
  }

  constexpr Value input(const Shape& shape, std::string_view label) {
    if (!label.empty()) check_label(label);
    values.push(ValueInfo{shape, label, -1});
    ++inputs;
    return {values.size() - 1};
  }
  /// Names a value, so that losses, joins and users find it.
  constexpr void mark(Value v, std::string_view label) {
    check_label(label);
    if (!values[v.id].label.empty()) report(Complaint::second_label, nullptr, {}, {});
    values[v.id].label = label;
  }
  constexpr Value label(std::string_view label) {
    for (int v = 0; v < values.size(); ++v)
      if (values[v].label == label) return {v};
    report(Complaint::unknown_label, nullptr, {}, {});
    return {0};
  }
  constexpr const Shape& shape(Value v) const { return values[v.id].shape; }
  /// Each makes one value.
  constexpr int operation_count() const { return values.size() - inputs; }

  /// Opens a scope; `close` goes back to the one it returns.
  constexpr int open(std::string_view name) {
    for (int s = scope_ + 1; s < scopes.size(); ++s)  // a scope comes before those in it
      if (scopes[s].parent == scope_ && scopes[s].name == name)
        report(Complaint::duplicate_name, nullptr, {}, {});
    const int index = index_of(name);
    if (index >= 0 && index < scopes[scope_].leaves)
      report(Complaint::duplicate_name, nullptr, {}, {});
    numbers_ |= index >= 0;
    scopes.push(Scope{scope_, name});
    const int outer = scope_;
    scope_ = scopes.size() - 1;
    alone_in_scope_ = true;
    return outer;
  }
  constexpr void close(int outer) {
    alone_in_scope_ = false;
    scope_ = outer;
  }
  /// The rule for the tensors of the layers to come; returns the one before.
  constexpr InitialRule initial(InitialRule rule) {
    const InitialRule outer = initial_;
    initial_ = rule;
    return outer;
  }
  /// A container follows: its layers share the scope.
  constexpr void enter_container() { alone_in_scope_ = false; }

  /// Applies a layer; joins are not counted when unnamed layers are numbered.
  constexpr Value apply(const Layer& layer, std::initializer_list<Value> xs, bool counted) {
    Operation op;
    op.layer = &layer;
    op.scope = scope_;
    op.position = alone_in_scope_ || !counted ? -1 : scopes[scope_].leaves;
    if (op.position >= 0 && numbers_) check_index(op.position);
    if (counted) ++scopes[scope_].leaves;
    alone_in_scope_ = false;
    InputShapes in;
    for (const Value x : xs) {
      op.input[op.input_count++] = x.id;
      in.shape[in.count++] = values[x.id].shape;
    }
    ShapeOrComplaint out = in.shape[0];
    if (fault.complaint == Complaint::none) {
      out = layer.output_shape(in);
      if (out.complaint != Complaint::none)
        report(out.complaint, &layer, in.shape[0], in.count > 1 ? in.shape[1] : Shape{},
               op.position, op.input[0], op.input[1]);
    }
    op.first_tensor = tensor_count;
    op.output = values.size();
    if (!counting_) operations.push(op);
    values.push(ValueInfo{out.shape, {}, operation_count()});
    return {op.output};
  }
  /// Applies a layer whose tensors this function of the input's shape lists. Compiled for each
  /// number of tensors, not for each layer: the function is the layer's own.
  template <std::size_t Count>
  constexpr Value apply(const Layer& layer, std::array<Parameter, Count> (*parameters)(Shape),
                        std::initializer_list<Value> xs, bool counted) {
    const Value y = apply(layer, xs, counted);
    if (fault.complaint != Complaint::none) return y;
    tensor_count += static_cast<int>(Count);
    if (counting_) return y;
    Operation& op = operations[operations.size() - 1];
    op.tensor_count = static_cast<int>(Count);
    const Shape& in = values[op.input[0]].shape;
    const auto here = parameters(in);
    const int height = 2 * in.height + 1, width = 2 * in.width + 3, channels = 2 * in.channels + 1;
    const auto elsewhere = parameters(Shape{height, width, channels, in.mask});
    bool fixed = false;
    for (std::size_t i = 0; i < Count; ++i) {
      add_tensor(layer, here[i]);
      fixed |= !(here[i].dims == elsewhere[i].dims);
    }
    if (!fixed) return y;
    const auto larger = parameters(Shape{height, width, in.channels, in.mask}),
               wider = parameters(Shape{in.height, in.width, channels, in.mask});
    for (std::size_t i = 0; i < Count; ++i) {
      op.fixed_size |= !(here[i].dims == larger[i].dims);
      op.fixed_channels |= !(here[i].dims == wider[i].dims);
    }
    return y;
  }

 private:
  constexpr void add_tensor(const Layer& layer, const Parameter& p) {
    std::int64_t& end = p.role == Role::trained     ? trained
                        : p.role == Role::statistic ? statistics
                                                    : counters;
    tensors.push(TensorInfo{p, operations.size() - 1, end});
    if (p.role == Role::trained)
      tensors[tensors.size() - 1].parameter.initializer = initial_(layer, p);
    end += stored_size(p);
    if (p.role == Role::trained) parameter_count += p.dims.count();
  }
  /// The number a name spells, or -1: a block named "0" and the unnamed layer 0 share their names.
  static constexpr int index_of(std::string_view name) {
    int index = 0;
    for (const char c : name) {
      if (c < '0' || c > '9' || index > 99999) return -1;
      index = 10 * index + (c - '0');
    }
    return name.empty() ? -1 : index;
  }
  constexpr void check_index(int position) {
    for (const Scope& s : scopes)
      if (s.parent == scope_ && index_of(s.name) == position)
        report(Complaint::duplicate_name, nullptr, {}, {});
  }
  constexpr void check_label(std::string_view label) {
    for (const ValueInfo& v : values)
      if (v.label == label) report(Complaint::duplicate_label, nullptr, {}, {});
  }
  constexpr void report(Complaint c, const Layer* layer, const Shape& a, const Shape& b,
                        int position = -1, int first_value = -1, int second_value = -1) {
    if (fault.complaint == Complaint::none)
      fault = Fault{c, operation_count(), scope_, position, layer, a, b, first_value, second_value};
  }

  InitialRule initial_ = keep_initial;
  int scope_ = 0;
  bool counting_, alone_in_scope_ = false;
  bool numbers_ = false;  // a scope's name spells a number
};

}  // namespace tessera
