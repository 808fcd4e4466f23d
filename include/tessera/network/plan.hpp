// SPDX-License-Identifier: BSD-3-Clause
// A plan as data: where every buffer of one forward (and its backward) lies in one arena, and which
// work is wanted at all.
//
// Time runs 0 .. T-1 (forward of operation t), T (the caller: reads the output, computes the loss),
// then backward of operation i at 2T - i, and 2T + 1 (the caller reads input gradients). A buffer
// lives from its first to its last step; buffers whose lives overlap must not overlap in memory.
#pragma once
#include <cstddef>
#include <cstdint>

#include <tessera/layers/complaint.hpp>
#include <tessera/tensor/grow.hpp>

namespace tessera {

/// What a pass is to be able to do.
struct PassRequest {
  int batch = 1;
  bool gradients = true;            // a backward will follow
  bool parameter_gradients = true;  // of those not frozen
  bool input_gradients = false;     // of all inputs
  ArrayView<Shape> inputs{};        // sizes other than the declared ones
  ArrayView<int> kept{};            // values that stay readable until the loss
  ArrayView<int> injected{};  // values whose gradients the caller adds to, besides the output's
  ArrayView<std::uint8_t> frozen{};  // one flag per operation: no parameter gradients
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
  bool skipped = false;        // the operation before applies this activation in its own sweeps
  double negative_slope = -1;  // of the activation it applies so; below 0: none
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
