// SPDX-License-Identifier: BSD-3-Clause
// Noting a step's losses on a GPU, and undoing the step where they are not finite.
#pragma once
#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/loss_monitor.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

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
  struct CopyList {
    int count;
    const unsigned* from[3];
    unsigned* to[3];
    long words[3];
  };
)
TESSERA_CUDA_TEXT(loss_monitor_text, (&elements_text, &loss_values_text),
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
  template <class T>
  __global__ void copy_if_closed(CopyList list, const int* gate) {
    if (*gate != 0) return;
    for (int i = 0; i < list.count; ++i)
      for (long e = first_element(); e < list.words[i]; e += element_step())
        list.to[i][e] = list.from[i][e];
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

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

inline void copy_if_closed(const Context<Cuda>& context, const GatedCopies& copies,
                           const int* gate) {
  static_assert(std::extent_v<decltype(cuda::CopyList::from)> == GatedCopies::max_count);
  cuda::CopyList list{copies.count, {}, {}, {}};
  long most = 0;
  for (int i = 0; i < copies.count; ++i) {
    list.from[i] = static_cast<const unsigned*>(copies.from[i]);
    list.to[i] = static_cast<unsigned*>(copies.to[i]);
    list.words[i] = static_cast<long>(copies.bytes[i] / sizeof(unsigned));
    most = std::max(most, list.words[i]);
  }
  cuda::launch_each(context,
                    TESSERA_CUDA_KERNEL(cuda::loss_monitor_text, copy_if_closed, (float), ()), most,
                    list, gate);
}

}  // namespace tessera::kernels
