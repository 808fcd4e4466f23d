// SPDX-License-Identifier: BSD-3-Clause
// The tensors of a training run as a checkpoint has them: names, types, order of values.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <tessera/training/detail/training_state.hpp>

namespace tessera::detail {

inline std::vector<std::int64_t> sides_of(const TrainingTensor& t) {
  return std::vector<std::int64_t>(t.parameter.dims.size,
                                   t.parameter.dims.size + t.parameter.dims.rank);
}
inline bool is_counter(const TrainingTensor& t) { return t.parameter.role == Role::counter; }
inline std::size_t element_size(const TrainingTensor& t, std::size_t scalar_size) {
  return is_counter(t) ? sizeof(std::int64_t) : scalar_size;
}
inline std::string dtype_of(const TrainingTensor& t, std::size_t scalar_size) {
  return is_counter(t) ? "I64" : scalar_size == 4 ? "F32" : "F64";
}

/// Copies a tensor's values between memory and the order of files.
inline void copy_values(const TrainingTensor& t, std::size_t size, std::span<std::byte> listed,
                        bool to_memory) {
  for (std::size_t k = 0; k < listed.size() / size; ++k) {
    std::byte* const memory =
        t.data +
        static_cast<std::size_t>(memory_index(t.parameter, static_cast<std::int64_t>(k))) * size;
    std::byte* const file = listed.data() + k * size;
    std::memcpy(to_memory ? memory : file, to_memory ? file : memory, size);
  }
}

/// Calls take(name in a checkpoint, tensor) for all of a training run.
inline void for_each_tensor(
    const TrainingState& state,
    const std::function<void(const std::string&, const TrainingTensor&)>& take) {
  for (const TrainingTensor& t : state.model) take("model." + t.name, t);
  for (std::size_t b = 0; b < state.optimizer.size(); ++b)
    for (const TrainingTensor& t : state.optimizer[b])
      take("optimizer." + std::to_string(b) + "." + t.name, t);
}

}  // namespace tessera::detail
