// SPDX-License-Identifier: BSD-3-Clause
// The first steps of a plan: the shapes for the sizes asked for, who reads which value, which
// activations are applied by the operation before, and which work a pass needs: where a gradient is
// wanted and one arrives.
#pragma once
#include <cstddef>

#include <tessera/network/plan.hpp>
#include <tessera/network/structure.hpp>

namespace tessera::detail {

/// Shapes, readers and wanted work of a plan. On a shape that does not fit, the plan's `complaint`
/// and `fault_operation` say what and where.
class WantedWork {
 public:
  constexpr WantedWork(const Structure& s, const PassRequest& request)
      : s_(s),
        request_(request),
        operations_(static_cast<int>(s.operations.size())),
        values_(static_cast<int>(s.values.size())),
        readers_(values_),
        last_reader_(values_),
        kept_(values_),
        injected_(values_),
        arrives_(values_) {
    plan_.batch = request.batch;
    plan_.shapes = Grow<Shape>(values_);
    plan_.operations = Grow<OperationPlan>(operations_);
  }

  constexpr void find() {
    infer_shapes();
    if (plan_.complaint != Complaint::none) return;
    count_readers();
    find_activations();
    if (request_.gradients) find_wanted_work();
  }

 protected:
  constexpr const Operation& operation(int i) const {
    return s_.operations[static_cast<std::size_t>(i)];
  }
  constexpr const Layer& layer(int i) const { return *operation(i).layer; }
  constexpr int producer(int value) const {
    return s_.values[static_cast<std::size_t>(value)].producer;
  }
  constexpr int backward_step(int i) const { return 2 * operations_ - i; }
  constexpr int end_step() const { return request_.gradients ? 2 * operations_ + 1 : operations_; }
  [[gnu::noinline]] constexpr InputShapes inputs_of(int i) const {
    InputShapes in;
    for (int k = 0; k < operation(i).input_count; ++k)
      in.shape[in.count++] = plan_.shapes[operation(i).input[k]];
    return in;
  }

  const Structure& s_;
  const PassRequest& request_;
  int operations_, values_;
  Grow<int> readers_, last_reader_;
  Grow<char> kept_, injected_, arrives_;
  Plan plan_;

 private:
  constexpr void infer_shapes() {
    for (int v = 0; v < s_.inputs; ++v) {
      const Shape& declared = s_.values[static_cast<std::size_t>(v)].shape;
      Shape given = declared;
      if (static_cast<std::size_t>(v) < request_.inputs.size()) {
        given.height = request_.inputs[static_cast<std::size_t>(v)].height;
        given.width = request_.inputs[static_cast<std::size_t>(v)].width;
      }
      plan_.shapes[v] = given;
    }
    for (int i = 0; i < operations_; ++i) {
      const InputShapes in = inputs_of(i);
      ShapeOrComplaint out = layer(i).output_shape(in);
      if (out.complaint == Complaint::none && refuses_size(s_, operation(i), in))
        out = Complaint::fixed_size;
      if (out.complaint != Complaint::none) {
        plan_.complaint = out.complaint;
        plan_.fault_operation = i;
        plan_.fault_first = in.shape[0];
        plan_.fault_second = in.shape[1];
        return;
      }
      plan_.shapes[operation(i).output] = out.shape;
    }
  }
  constexpr void count_readers() {
    for (int v = 0; v < values_; ++v) last_reader_[v] = -1;
    for (int i = 0; i < operations_; ++i)
      for (int k = 0; k < operation(i).input_count; ++k) {
        ++readers_[operation(i).input[k]];
        last_reader_[operation(i).input[k]] = i;
      }
    for (const int v : request_.kept) kept_[v] = 1;
    for (const int v : request_.injected) injected_[v] = 1;
    injected_[s_.output] = kept_[s_.output] = 1;
    for (int v = 0; v < s_.inputs; ++v) kept_[v] = 1;
  }

  /// An operation applies the activation behind it where nobody else sees what lies between. Such
  /// an activation is in place in both directions, so the operation finds y and dy where its own
  /// would be, and plans are the same with and without.
  constexpr void find_activations() {
    for (int i = 0; i < operations_; ++i) {
      const int x = operation(i).input[0], before = producer(x);
      if (layer(i).negative_slope < 0 || before < 0 || !layer(before).takes_activation) continue;
      if (readers_[x] > 1 || kept_[x] || (request_.gradients && injected_[x])) continue;
      plan_.operations[before].negative_slope = layer(i).negative_slope;
      plan_.operations[i].skipped = true;
    }
  }

  /// Forward: which values want a gradient. Backward: which get one. An operation's backward runs
  /// where both meet.
  constexpr void find_wanted_work() {
    Grow<char> wanted(values_);
    for (int v = 0; v < s_.inputs; ++v) wanted[v] = request_.input_gradients;
    for (int i = 0; i < operations_; ++i) {
      const Operation& op = operation(i);
      OperationPlan& p = plan_.operations[i];
      const bool frozen = !request_.frozen.empty() && request_.frozen[static_cast<std::size_t>(i)];
      bool trained = false;
      for (int t = 0; t < op.tensor_count; ++t)
        trained |= s_.tensors[static_cast<std::size_t>(op.first_tensor + t)].parameter.role ==
                   Role::trained;
      p.parameter_gradients = trained && request_.parameter_gradients && !frozen;
      p.backward = p.parameter_gradients;
      for (int k = 0; k < op.input_count; ++k) {
        p.wants[k] = wanted[op.input[k]];
        p.backward |= p.wants[k];
      }
      wanted[op.output] = p.backward;
    }
    for (int v = 0; v < values_; ++v) arrives_[v] = injected_[v];
    for (int i = operations_ - 1; i >= 0; --i) {
      OperationPlan& p = plan_.operations[i];
      p.backward &= arrives_[operation(i).output] != 0;
      for (int k = 0; k < operation(i).input_count; ++k) {
        p.wants[k] &= p.backward;
        if (p.wants[k]) arrives_[operation(i).input[k]] = 1;
      }
      p.parameter_gradients &= p.backward;
    }
  }
};

}  // namespace tessera::detail
