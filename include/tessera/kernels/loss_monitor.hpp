// SPDX-License-Identifier: BSD-3-Clause
// What a GPU notes of the losses of its steps, so that the host need not wait for each.
#pragma once

#include <tessera/tensor/context.hpp>

namespace tessera::kernels {

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

}  // namespace tessera::kernels
