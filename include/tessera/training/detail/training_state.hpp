// SPDX-License-Identifier: BSD-3-Clause
// What a training run consists of, as plain values without the types of network, loss and
// optimiser: so that the code that writes and reads it is compiled only where it is used, and once.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tessera/network/state.hpp>
#include <tessera/training/detail/history.hpp>

namespace tessera {

/// Where a training run is, beside its weights and the optimiser's buffers.
struct TrainingProgress {
  int epochs = 0;         // finished
  std::size_t batch = 0;  // steps of the next epoch that are done
  std::int64_t step = 0, optimizer_steps = 0;
  int best_epoch = 0;  // 0: none yet
  double best_figure = 0, seconds = 0;  // FitOptions::best_by of the best epoch
  std::vector<std::pair<std::string, double>> sums;  // of losses, over the epoch in progress
  History history;                                   // a row for each finished epoch
};

/// A tensor by the name and order it has in files, and where its values lie.
struct TrainingTensor {
  std::string name;
  Parameter parameter;  // its sizes, its order in memory; counters are integers
  std::byte* data = nullptr;
};

/// The numbers of a training run: the model's tensors in their order, those of each buffer of the
/// optimiser, which is laid out as the model's parameters, and what the model's random layers draw
/// from. `scalar_size` is 4 or 8.
struct TrainingState {
  std::size_t scalar_size = 4;
  std::vector<TrainingTensor> model;
  std::vector<std::vector<TrainingTensor>> optimizer;
  Seed* seed = nullptr;
  std::uint64_t* training_passes = nullptr;
};

namespace detail {

/// The state of a model whose optimiser has these buffers.
template <class T>
TrainingState training_state(const Structure& s, State<T>& state,
                             const std::vector<std::span<T>>& buffers) {
  TrainingState all{sizeof(T),
                    {},
                    std::vector<std::vector<TrainingTensor>>(buffers.size()),
                    &state.seed,
                    &state.training_passes};
  for (const TensorInfo& t : s.tensors) {
    const std::string name = name_of(s, t);
    void* const data = t.parameter.role == Role::counter
                           ? static_cast<void*>(state.counters.data() + t.offset)
                           : state.data(t);
    all.model.push_back({name, t.parameter, static_cast<std::byte*>(data)});
    if (t.parameter.role != Role::trained) continue;
    for (std::size_t b = 0; b < buffers.size(); ++b) {
      void* const buffer = buffers[b].data() + t.offset;
      all.optimizer[b].push_back({name, t.parameter, static_cast<std::byte*>(buffer)});
    }
  }
  return all;
}

}  // namespace detail
}  // namespace tessera
