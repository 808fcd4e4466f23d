// SPDX-License-Identifier: BSD-3-Clause
// What a GPU notes of the losses of its steps, so that the host need not wait for each.
#pragma once
#include <cstddef>

#include <tessera/tensor/context.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// In the GPU's memory. `gate` is 1 until a step's loss is not finite, and 0 from then on: later
/// steps update nothing. Steps and sums count those before, since the host last looked.
struct LossMonitor {
  static constexpr int max_terms = 16;
  int gate = 1, steps = 0;
  double total = 0;             // of the last step
  double sum = 0;               // of the totals
  double sums[max_terms] = {};  // of each term
};

/// The terms of a step: term i is factor[i] * *value[i], and counts weight[i] times in the total;
/// where value[i] is null it is factor[i].
struct LossValues {
  int count = 0;
  const double* value[LossMonitor::max_terms] = {};
  double factor[LossMonitor::max_terms] = {};
  double weight[LossMonitor::max_terms] = {};
};

/// Notes a step in *monitor, which lies in the GPU's memory.
void note_losses(const Context<Cuda>&, const LossValues&, LossMonitor* monitor);

/// Copies within the GPU's memory, of whole 4-byte words.
struct GatedCopies {
  static constexpr int max_count = 3;
  int count = 0;
  const void* from[max_count] = {};
  void* to[max_count] = {};
  std::size_t bytes[max_count] = {};

  void add(const void* source, void* target, std::size_t size) {
    from[count] = source, to[count] = target, bytes[count] = size;
    ++count;
  }
};

/// Does the copies where *gate is 0, and nothing where it is 1: to undo what a step did whose loss
/// is not finite.
void copy_if_closed(const Context<Cuda>&, const GatedCopies&, const int* gate);

}  // namespace tessera::kernels
