// SPDX-License-Identifier: BSD-3-Clause
// Makes plans. One constexpr function: a pass calls it at run time, `training_memory` at compile
// time.
#pragma once
#include <cstddef>
#include <utility>

#include <tessera/network/detail/offsets.hpp>
#include <tessera/network/detail/wanted_work.hpp>
#include <tessera/tensor/buffer.hpp>

namespace tessera {

namespace detail {

/// Makes a plan in the order: shapes, wanted work, places of values, places of gradients, the rest,
/// offsets.
class Planner : WantedWork {
 public:
  constexpr Planner(const Structure& s, const PassRequest& request)
      : WantedWork(s, request), overwritten_(values_) {
    plan_.values = Grow<Place>(values_);
    plan_.gradients = Grow<Place>(values_);
    plan_.masks = Grow<int>(values_);
  }

  constexpr Plan make() {
    find();
    if (plan_.complaint != Complaint::none) return std::move(plan_);
    place_values();
    place_masks();
    if (request_.gradients) place_gradients();
    place_scratch();
    place_buffers(plan_);
    return std::move(plan_);
  }

 private:
  constexpr std::size_t bytes_of(std::int64_t elements_per_sample) const {
    return aligned_size(static_cast<std::size_t>(elements_per_sample * request_.batch) *
                        request_.scalar_size);
  }
  [[gnu::noinline]] constexpr int new_buffer(std::size_t bytes, int first, int last) {
    plan_.buffers.push(PlannedBuffer{aligned_size(bytes), first, last});
    return plan_.buffers.size() - 1;
  }
  constexpr void extend(int buffer, int first, int last) {
    PlannedBuffer& b = plan_.buffers[buffer];
    if (first < b.first) b.first = first;
    if (last > b.last) b.last = last;
  }

  constexpr bool appears_once(int i, int value) const {
    int n = 0;
    for (int k = 0; k < operation(i).input_count; ++k) n += operation(i).input[k] == value;
    return n == 1;
  }
  [[gnu::noinline]] constexpr bool all_strided(int value) const {
    if (producer(value) < 0 || !layer(producer(value)).strided) return false;
    for (int i = producer(value) + 1; i <= last_reader_[value]; ++i)
      for (int k = 0; k < operation(i).input_count; ++k)
        if (operation(i).input[k] == value && !layer(i).strided) return false;
    return true;
  }
  /// Whether backward still reads this value after its last reader's forward.
  [[gnu::noinline]] constexpr bool read_in_backward(int value) const {
    if (producer(value) >= 0 && plan_.operations[producer(value)].backward &&
        layer(producer(value)).needs_y)
      return true;
    for (int i = producer(value) + 1; i <= last_reader_[value]; ++i)
      for (int k = 0; k < operation(i).input_count; ++k)
        if (operation(i).input[k] == value && plan_.operations[i].backward && layer(i).needs_x)
          return true;
    return false;
  }

  /// In reverse, so that a value knows its place before its producer's inputs ask for it: a
  /// concatenation's inputs become slices of it, an in-place operation's input its output. Where
  /// both meet, an input that is read again after the in-place operation keeps its own place.
  constexpr void place_values() {
    for (int i = operations_ - 1; i >= 0; --i) {
      const Operation& op = operation(i);
      const int y = op.output;
      if (plan_.values[y].buffer < 0) new_place(y);
      if (op.layer->joins_channels) {
        int channel = plan_.values[y].channel;
        for (int k = 0; k < op.input_count; ++k) {
          const int x = op.input[k];
          const bool intact = !overwritten_[y] || (last_reader_[x] == i && !read_in_backward(x));
          if (plan_.values[x].buffer < 0 && appears_once(i, x) && all_strided(x) && !kept_[x] &&
              intact) {
            plan_.values[x] = {plan_.values[y].buffer, channel, plan_.values[y].stride};
            overwritten_[x] = overwritten_[y];
          }
          channel += plan_.shapes[x].channels;
        }
      } else if (op.layer->in_place && op.input_count == 1) {
        const int x = op.input[0];
        const Place& place = plan_.values[y];
        const bool fits = place.stride == plan_.shapes[x].channels ||
                          (producer(x) >= 0 && layer(producer(x)).strided);
        if (plan_.values[x].buffer < 0 && readers_[x] == 1 && !kept_[x] && !op.layer->needs_x &&
            fits && !read_in_backward(x)) {
          plan_.values[x] = place;
          overwritten_[x] = 1;
        }
      }
    }
    for (int v = 0; v < s_.inputs; ++v)
      if (plan_.values[v].buffer < 0) new_place(v);
    for (int v = 0; v < values_; ++v) {
      const int first = producer(v) < 0 ? 0 : producer(v);
      int last = last_reader_[v] < first ? first : last_reader_[v];
      if (kept_[v]) last = operations_;
      if (producer(v) >= 0 && plan_.operations[producer(v)].backward && layer(producer(v)).needs_y)
        last = backward_step(producer(v));
      else if (request_.gradients)
        for (int i = first; i <= last_reader_[v];
             ++i)  // the earliest reader's backward is the latest
          if (reads(i, v) && plan_.operations[i].backward && layer(i).needs_x) {
            if (backward_step(i) > last) last = backward_step(i);
            break;
          }
      extend(plan_.values[v].buffer, first, last);
    }
  }
  [[gnu::noinline]] constexpr bool reads(int i, int value) const {
    for (int k = 0; k < operation(i).input_count; ++k)
      if (operation(i).input[k] == value) return true;
    return false;
  }
  constexpr void new_place(int v) {
    const int first = producer(v) < 0 ? 0 : producer(v);
    plan_.values[v] = {new_buffer(bytes_of(plan_.shapes[v].size()), first, first), 0,
                       plan_.shapes[v].channels};
  }

  /// A layer that does not make masks passes its first input's on.
  constexpr void place_masks() {
    for (int v = 0; v < values_; ++v) {
      plan_.masks[v] = -1;
      const Shape& shape = plan_.shapes[v];
      if (!shape.masked()) continue;
      const int p = producer(v);
      if (p >= 0 && !layer(p).makes_mask) plan_.masks[v] = plan_.masks[operation(p).input[0]];
      else
        plan_.masks[v] =
            new_buffer(static_cast<std::size_t>(shape.pixels() * shape.mask.count * request_.batch),
                       p < 0 ? 0 : p, p < 0 ? 0 : p);
      int last = last_reader_[v] > p ? last_reader_[v] : p;
      if (kept_[v]) last = operations_;
      for (int i = p + 1; request_.gradients && i <= last_reader_[v]; ++i)
        if (reads(i, v) && plan_.operations[i].backward) {
          last = backward_step(i);
          break;
        }
      extend(plan_.masks[v], p < 0 ? 0 : p, last);
    }
  }

  /// In backward order. The first contribution to a gradient is written (or is a slice of a
  /// concatenation's gradient, or an in-place operation's dy); later ones are computed apart and
  /// added.
  constexpr void place_gradients() {
    Grow<char> begun(values_);
    for (int v = 0; v < values_; ++v) {
      if (!injected_[v]) continue;
      plan_.injected.push(v);
      new_gradient(v, operations_);
      begun[v] = 1;
      if (v < s_.inputs) extend(plan_.gradients[v].buffer, operations_, end_step());
    }
    for (int i = operations_ - 1; i >= 0; --i) {
      const Operation& op = operation(i);
      OperationPlan& p = plan_.operations[i];
      if (!p.backward) continue;
      const int step = backward_step(i), y = op.output;
      extend(plan_.gradients[y].buffer, step, step);
      int channel = plan_.gradients[y].channel;
      for (int k = 0; k < op.input_count; ++k) {
        const int x = op.input[k], first_channel = channel;
        channel += plan_.shapes[x].channels;
        if (!p.wants[k]) continue;
        if (begun[x]) {
          p.addend[k] = new_buffer(bytes_of(plan_.shapes[x].size()), step, step);
          extend(plan_.gradients[x].buffer, step, step);
          continue;
        }
        begun[x] = 1;
        const bool strided = producer(x) >= 0 && layer(producer(x)).strided;
        if (op.layer->joins_channels && strided)
          plan_.gradients[x] = {plan_.gradients[y].buffer, first_channel,
                                plan_.gradients[y].stride};
        else if (op.layer->gradient_in_place && op.input_count == 1 &&
                 (strided || plan_.gradients[y].stride == plan_.shapes[x].channels))
          plan_.gradients[x] = plan_.gradients[y];
        else new_gradient(x, step);
        const int last = producer(x) < 0 ? end_step() : backward_step(producer(x));
        extend(plan_.gradients[x].buffer, step, last);
      }
    }
  }
  constexpr void new_gradient(int v, int step) {
    plan_.gradients[v] = {new_buffer(bytes_of(plan_.shapes[v].size()), step, step), 0,
                          plan_.shapes[v].channels};
  }

  constexpr void place_scratch() {
    for (int i = 0; i < operations_; ++i) {
      OperationPlan& p = plan_.operations[i];
      WorkspaceRequest r{inputs_of(i), plan_.shapes[operation(i).output], request_.batch,
                         request_.scalar_size, false};
      const Saved saved = layer(i).saved(r.inputs, r.output);
      const std::int64_t elements = saved.per_sample * request_.batch + saved.per_batch;
      if (elements > 0)
        p.saved = new_buffer(static_cast<std::size_t>(elements) * request_.scalar_size, i,
                             p.backward ? backward_step(i) : i);
      if (const std::size_t bytes = layer(i).workspace(r))
        p.forward_workspace = new_buffer(bytes, i, i);
      r.backward = true;
      if (!p.backward) continue;
      if (const std::size_t bytes = layer(i).workspace(r))
        p.backward_workspace = new_buffer(bytes, backward_step(i), backward_step(i));
    }
  }

  Grow<char>
      overwritten_;  // an in-place operation writes over the value's memory after it was read
};

}  // namespace detail

/// Makes the plan of a pass. On a shape that does not fit, `complaint` and `fault_operation` say
/// what and where.
[[gnu::cold]] constexpr Plan make_plan(const Structure& structure, const PassRequest& request) {
  return detail::Planner(structure, request).make();
}

}  // namespace tessera
