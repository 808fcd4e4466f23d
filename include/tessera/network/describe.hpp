// SPDX-License-Identifier: BSD-3-Clause
// What can be asked of a network without running it: memory, receptive field, a table of its
// layers.
#pragma once
#include <cstdio>

#include <tessera/network/network.hpp>
#include <tessera/network/detail/planner.hpp>

namespace tessera {

/// Bytes of one training step: parameters, their gradients, statistics, and the arena of one pass
/// (activations, gradients, masks, scratch). The optimiser's own state comes on top: two more
/// parameter buffers for Adam.
template <class Net>
constexpr std::size_t training_memory(int batch) {
  constexpr auto state =
      static_cast<std::size_t>(2 * structure<Net>.trained + structure<Net>.statistics);
  return make_plan(structure<Net>, PassRequest{.batch = batch}).bytes + state * sizeof(float);
}
/// Bytes of one inference: parameters, statistics and the arena of one pass.
template <class Net>
constexpr std::size_t inference_memory(int batch) {
  constexpr auto state =
      static_cast<std::size_t>(structure<Net>.trained + structure<Net>.statistics);
  return make_plan(structure<Net>, PassRequest{.batch = batch, .gradients = false}).bytes +
         state * sizeof(float);
}

namespace detail {

constexpr int floor_divide(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/// Along one axis, the positions of each value, on an unbounded input, that output position p
/// reads.
struct PositionsRead {
  Grow<int> low, high;
  Grow<char> read;     // whether any
  bool whole = false;  // a layer reads all of its input; the rest is unknown
};
constexpr PositionsRead positions_read(const Structure& s, int p) {
  const int n = static_cast<int>(s.values.size());
  PositionsRead at{Grow<int>(n), Grow<int>(n), Grow<char>(n)};
  at.low[s.output] = at.high[s.output] = p;
  at.read[s.output] = 1;
  for (int i = static_cast<int>(s.operations.size()) - 1; i >= 0; --i) {
    const Operation& op = s.operations[static_cast<std::size_t>(i)];
    if (!at.read[op.output]) continue;
    const Reach& r = op.layer->reach;
    if (r.whole()) {
      at.whole = true;
      return at;
    }
    const int a = floor_divide(at.low[op.output] * r.stride - r.padding, r.upsample);
    const int b =
        floor_divide(at.high[op.output] * r.stride - r.padding + r.kernel - 1, r.upsample);
    if (a > b) continue;  // a position between those that a short kernel reaches
    for (int k = 0; k < op.input_count; ++k) {
      const int x = op.input[k];
      at.low[x] = at.read[x] && at.low[x] < a ? at.low[x] : a;
      at.high[x] = at.read[x] && at.high[x] > b ? at.high[x] : b;
      at.read[x] = 1;
    }
  }
  return at;
}

/// Extent of the input positions that output position p reads; -1: all of it.
constexpr int extent_read(const Structure& s, int p) {
  const PositionsRead at = positions_read(s, p);
  if (at.whole) return -1;
  int extent = 0;
  for (int v = 0; v < s.inputs; ++v)
    if (at.read[v] && at.high[v] - at.low[v] + 1 > extent) extent = at.high[v] - at.low[v] + 1;
  return extent;
}

constexpr int receptive_field_of(const Structure& s) {
  int period = 1;  // upsampling makes the extent depend on the output position
  for (const Operation& op : s.operations) period *= op.layer->reach.upsample;
  int field = 0;
  for (int p = 0; p < period; ++p) {
    const int extent = extent_read(s, p);
    if (extent < 0) return 0;
    field = extent > field ? extent : field;
  }
  return field;
}

/// A network, or a block that says what comes in (`typical_input`), as a table.
template <class Net>
constexpr const Structure& structure_for_reach() {
  if constexpr (requires { Net::structure; }) {
    return structure<Net>;
  } else {
    constexpr Shape in = Net::typical_input;
    return structure<Network<Input<in.height, in.width, in.channels>, Net>>;
  }
}

}  // namespace detail

/// Pixels per axis of the input that one output pixel depends on (the largest over output
/// positions); 0 where a layer reads the whole input. Of a network, or of a block that has
/// `static constexpr Shape typical_input`: the result does not depend on the size.
template <class Net>
inline constexpr int receptive_field =
    detail::receptive_field_of(detail::structure_for_reach<Net>());

/// A table: layer by layer name, kind, output shape, parameters, FLOPs and bytes of one sample;
/// then the sums.
inline std::string describe(const Structure& s) {
  std::string text;
  char line[256];
  const auto row = [&](const char* name, const char* kind, const char* shape,
                       const char* parameters, const char* flops, const char* bytes) {
    std::snprintf(line, sizeof line, "%-28.28s %-16.16s %-22.22s %14s %16s %12s\n", name, kind,
                  shape, parameters, flops, bytes);
    text += line;
  };
  row("name", "layer", "output", "parameters", "FLOPs", "bytes");
  std::int64_t all_flops = 0, all_bytes = 0;
  for (const Operation& op : s.operations) {
    InputShapes in;
    for (int k = 0; k < op.input_count; ++k)
      in.shape[in.count++] = s.values[static_cast<std::size_t>(op.input[k])].shape;
    const Shape& out = s.values[static_cast<std::size_t>(op.output)].shape;
    std::int64_t parameters = 0;
    for (int t = 0; t < op.tensor_count; ++t) {
      const Parameter& p = s.tensors[static_cast<std::size_t>(op.first_tensor + t)].parameter;
      if (p.role == Role::trained) parameters += p.dims.count();
    }
    const std::int64_t flops = op.layer->flops(in, out),
                       bytes = out.size() * static_cast<std::int64_t>(sizeof(float));
    all_flops += flops;
    all_bytes += bytes;
    row(path_of(s, op).c_str(), std::string(op.layer->name).c_str(), to_string(out).c_str(),
        std::to_string(parameters).c_str(), std::to_string(flops).c_str(),
        std::to_string(bytes).c_str());
  }
  row("total", "", "", std::to_string(s.parameter_count).c_str(), std::to_string(all_flops).c_str(),
      std::to_string(all_bytes).c_str());
  return text;
}
template <class Net>
std::string describe() {
  return describe(structure<Net>);
}

}  // namespace tessera
