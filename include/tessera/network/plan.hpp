// SPDX-License-Identifier: BSD-3-Clause
// Where every buffer of one forward (and its backward) lies in one arena, and which work is wanted
// at all.
//
// Time runs 0 .. T-1 (forward of operation t), T (the caller: reads the output, computes the loss),
// then backward of operation i at 2T - i, and 2T + 1 (the caller reads input gradients). A buffer
// lives from its first to its last step; buffers whose lives overlap must not overlap in memory.
// The same function runs in constant expressions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <tessera/network/structure.hpp>
#include <tessera/tensor/buffer.hpp>

namespace tessera {

/// What a pass is to be able to do.
struct PassRequest {
  int batch = 1;
  bool gradients = true;            // a backward will follow
  bool parameter_gradients = true;  // of those not frozen
  bool input_gradients = false;     // of all inputs
  std::span<const Shape> inputs{};  // sizes other than the declared ones
  std::span<const int> kept{};      // values that stay readable until the loss
  std::span<const int>
      injected{};  // values whose gradients the caller adds to, besides the output's
  std::span<const std::uint8_t> frozen{};  // one flag per operation: no parameter gradients
  std::size_t scalar_size = sizeof(float);
};

/// A view's place: buffer, first channel, channels from pixel to pixel.
struct Place {
  int buffer = -1;
  int channel = 0, stride = 0;
};

struct PlannedBuffer {
  std::size_t bytes = 0;
  int first = 0, last = 0;  // steps, both included
  std::size_t offset = 0;
};

struct OperationPlan {
  int saved = -1, forward_workspace = -1, backward_workspace = -1;  // buffers
  bool backward = false;                                            // whether backward runs
  bool parameter_gradients = false;
  bool wants[InputShapes::max_count]{};  // gradient of input k is computed
  int addend[InputShapes::max_count]{
      -1, -1, -1, -1};  // buffer it is computed into first, then added from; -1: in place
};

struct Plan {
  int batch = 0;
  Shape fault_first{}, fault_second{};
  Complaint complaint = Complaint::none;
  int fault_operation = -1;

  Grow<Shape> shapes;     // per value
  Grow<Place> values;     // per value
  Grow<Place> gradients;  // per value; buffer -1: none
  Grow<int> masks;        // per value: buffer, -1: no mask
  Grow<OperationPlan> operations;
  Grow<PlannedBuffer> buffers;
  Grow<int> injected;  // values whose gradients start at zero: the output, then the injected ones
  std::size_t bytes = 0;  // the arena
};

namespace detail {

/// Greedy by size: the largest buffer first, each at the lowest offset free during its whole life.
constexpr void place_buffers(Plan& plan) {
  const int n = plan.buffers.size();
  Grow<int> order(n), scratch(n);
  for (int i = 0; i < n; ++i) order[i] = i;
  const auto before = [&](int a, int b) { return plan.buffers[a].bytes > plan.buffers[b].bytes; };
  for (int width = 1; width < n;
       width *= 2) {  // merge sort: stable, and short in constant evaluation
    for (int lo = 0; lo < n; lo += 2 * width) {
      const int mid = lo + width < n ? lo + width : n, hi = lo + 2 * width < n ? lo + 2 * width : n;
      int a = lo, b = mid;
      for (int k = lo; k < hi; ++k)
        scratch[k] = a < mid && (b >= hi || !before(order[b], order[a])) ? order[a++] : order[b++];
    }
    for (int i = 0; i < n; ++i) order[i] = scratch[i];
  }
  Grow<int> placed;  // by offset
  for (int k = 0; k < n; ++k) {
    PlannedBuffer& buffer = plan.buffers[order[k]];
    if (buffer.bytes == 0) continue;
    std::size_t at = 0;
    for (int j = 0; j < placed.size(); ++j) {
      const PlannedBuffer& other = plan.buffers[placed[j]];
      if (other.last < buffer.first || buffer.last < other.first) continue;
      if (other.offset >= at + buffer.bytes) break;
      if (other.offset + other.bytes > at) at = other.offset + other.bytes;
    }
    buffer.offset = at;
    if (at + buffer.bytes > plan.bytes) plan.bytes = at + buffer.bytes;
    placed.push(order[k]);
    for (int j = placed.size() - 1; j > 0 && plan.buffers[placed[j - 1]].offset > at; --j) {
      placed[j] = placed[j - 1];
      placed[j - 1] = order[k];
    }
  }
}

/// Makes a plan in the order: shapes, wanted work, places of values, places of gradients, the rest,
/// offsets.
class Planner {
 public:
  constexpr Planner(const Structure& s, const PassRequest& request)
      : s_(s),
        request_(request),
        operations_(static_cast<int>(s.operations.size())),
        values_(static_cast<int>(s.values.size())),
        readers_(values_),
        last_reader_(values_),
        kept_(values_),
        injected_(values_),
        arrives_(values_),
        overwritten_(values_) {
    plan_.batch = request.batch;
    plan_.shapes = Grow<Shape>(values_);
    plan_.values = Grow<Place>(values_);
    plan_.gradients = Grow<Place>(values_);
    plan_.masks = Grow<int>(values_);
    plan_.operations = Grow<OperationPlan>(operations_);
  }

  constexpr Plan make() {
    infer_shapes();
    if (plan_.complaint != Complaint::none) return std::move(plan_);
    count_readers();
    if (request_.gradients) find_wanted_work();
    place_values();
    place_masks();
    if (request_.gradients) place_gradients();
    place_scratch();
    place_buffers(plan_);
    return std::move(plan_);
  }

 private:
  constexpr const Operation& operation(int i) const {
    return s_.operations[static_cast<std::size_t>(i)];
  }
  constexpr const Layer& layer(int i) const { return *operation(i).layer; }
  constexpr int producer(int value) const {
    return s_.values[static_cast<std::size_t>(value)].producer;
  }
  constexpr int backward_step(int i) const { return 2 * operations_ - i; }
  constexpr int end_step() const { return request_.gradients ? 2 * operations_ + 1 : operations_; }
  constexpr std::size_t bytes_of(std::int64_t elements_per_sample) const {
    return aligned_size(static_cast<std::size_t>(elements_per_sample * request_.batch) *
                        request_.scalar_size);
  }
  constexpr InputShapes inputs_of(int i) const {
    InputShapes in;
    for (int k = 0; k < operation(i).input_count; ++k)
      in.shape[in.count++] = plan_.shapes[operation(i).input[k]];
    return in;
  }
  constexpr int new_buffer(std::size_t bytes, int first, int last) {
    plan_.buffers.push(PlannedBuffer{aligned_size(bytes), first, last});
    return plan_.buffers.size() - 1;
  }
  constexpr void extend(int buffer, int first, int last) {
    PlannedBuffer& b = plan_.buffers[buffer];
    if (first < b.first) b.first = first;
    if (last > b.last) b.last = last;
  }

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
      if (out.complaint == Complaint::none && !same_parameters(i, in)) out = Complaint::fixed_size;
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
  /// A parameter list that changes with the size refuses other sizes.
  constexpr bool same_parameters(int i, const InputShapes& in) const {
    if (request_.inputs.empty()) return true;
    Grow<Parameter> list;
    layer(i).parameters(in, list);
    if (list.size() != operation(i).tensor_count) return false;
    for (int t = 0; t < list.size(); ++t)
      if (!(list[t].dims ==
            s_.tensors[static_cast<std::size_t>(operation(i).first_tensor + t)].parameter.dims))
        return false;
    return true;
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

  constexpr bool appears_once(int i, int value) const {
    int n = 0;
    for (int k = 0; k < operation(i).input_count; ++k) n += operation(i).input[k] == value;
    return n == 1;
  }
  constexpr bool all_strided(int value) const {
    if (producer(value) < 0 || !layer(producer(value)).strided) return false;
    for (int i = producer(value) + 1; i <= last_reader_[value]; ++i)
      for (int k = 0; k < operation(i).input_count; ++k)
        if (operation(i).input[k] == value && !layer(i).strided) return false;
    return true;
  }
  /// Whether backward still reads this value after its last reader's forward.
  constexpr bool read_in_backward(int value) const {
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
  constexpr bool reads(int i, int value) const {
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

  const Structure& s_;
  const PassRequest& request_;
  int operations_, values_;
  Grow<int> readers_, last_reader_;
  Grow<char> kept_, injected_, arrives_;
  Grow<char>
      overwritten_;  // an in-place operation writes over the value's memory after it was read
  Plan plan_;
};

}  // namespace detail

/// Makes the plan of a pass. On a shape that does not fit, `complaint` and `fault_operation` say
/// what and where.
constexpr Plan make_plan(const Structure& structure, const PassRequest& request) {
  return detail::Planner(structure, request).make();
}

/// The least any plan with these buffers can take: the largest sum of what lives at one step.
constexpr std::size_t peak_live_bytes(const Plan& plan) {
  int steps = 0;
  for (const PlannedBuffer& b : plan.buffers) steps = b.last + 1 > steps ? b.last + 1 : steps;
  Grow<std::int64_t> change(steps + 1);
  for (const PlannedBuffer& b : plan.buffers) {
    change[b.first] += static_cast<std::int64_t>(b.bytes);
    change[b.last + 1] -= static_cast<std::int64_t>(b.bytes);
  }
  std::int64_t live = 0, peak = 0;
  for (const std::int64_t c : change) peak = (live += c) > peak ? live : peak;
  return static_cast<std::size_t>(peak);
}

/// Whether no two buffers share memory while both live: an independent check of a plan.
constexpr bool valid(const Plan& plan) {
  for (int a = 0; a < plan.buffers.size(); ++a)
    for (int b = 0; b < a; ++b) {
      const PlannedBuffer &p = plan.buffers[a], &q = plan.buffers[b];
      if (p.bytes == 0 || q.bytes == 0 || p.last < q.first || q.last < p.first) continue;
      if (p.offset < q.offset + q.bytes && q.offset < p.offset + p.bytes) return false;
    }
  return true;
}

}  // namespace tessera
