// SPDX-License-Identifier: BSD-3-Clause
// Noting a step's losses on a GPU.
#pragma once
#include <cstddef>

#include <tessera/cuda/context.hpp>
#include <tessera/kernels/loss_monitor.hpp>

namespace tessera::cuda {

// clang-format off
TESSERA_SHARED_TEXT(loss_values_text, (),
  struct NotedLosses {
    int gate; int steps;
    double total; double sum; double sums[16];
  };
  struct LossList {
    int count;
    const double* value[16];
    double factor[16];
    double weight[16];
  };
)
TESSERA_CUDA_TEXT(loss_monitor_text, (&loss_values_text),
  template <class T>
  __global__ void note_losses(LossList list, NotedLosses* noted) {
    double terms[16];
    double total = 0;
    for (int i = 0; i < list.count; ++i) {
      terms[i] = list.factor[i] * (list.value[i] ? *list.value[i] : 1.0);
      total += list.weight[i] * terms[i];
    }
    if (!math::is_finite(total)) noted->gate = 0;
    if (noted->gate == 0) return;
    noted->total = total;
    noted->sum += total;
    noted->steps += 1;
    for (int i = 0; i < list.count; ++i) noted->sums[i] += terms[i];
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::kernels {

static_assert(sizeof(LossMonitor) == sizeof(cuda::NotedLosses) &&
              offsetof(LossMonitor, sums) == offsetof(cuda::NotedLosses, sums));

inline void note_losses(const Context<Cuda>& context, const LossValues& values,
                        LossMonitor* monitor) {
  cuda::LossList list{values.count, {}, {}, {}};
  for (int i = 0; i < values.count; ++i) {
    list.value[i] = values.value[i];
    list.factor[i] = values.factor[i];
    list.weight[i] = values.weight[i];
  }
  context.engine().launch(TESSERA_CUDA_KERNEL(cuda::loss_monitor_text, note_losses, (float), ()),
                          {}, {}, 0, list, reinterpret_cast<cuda::NotedLosses*>(monitor));
}

}  // namespace tessera::kernels
