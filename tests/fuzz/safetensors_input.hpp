// SPDX-License-Identifier: BSD-3-Clause
// Inputs in the safetensors format: files from a header text, and a mutator that mostly keeps the
// header's length true, since nearly every change would otherwise be refused at the first check.
#pragma once
#include <algorithm>

#include "target.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace tessera::fuzz {

inline std::string safetensors_text(const std::string& header, const std::string& data) {
  const std::uint64_t size = header.size();
  std::string text(8, '\0');
  std::memcpy(text.data(), &size, 8);
  return text + header + data;
}

/// Changes the input; seven times out of eight the header then ends at its last closing brace.
inline std::size_t mutate_safetensors(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                      unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (size < 9 || seed % 8 == 0) return size;
  std::size_t end = size;
  while (end > 8 && data[end - 1] != '}') --end;
  const std::uint64_t header = end - 8;
  std::memcpy(data, &header, 8);
  return size;
}

}  // namespace tessera::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return tessera::fuzz::mutate_safetensors(data, size, max_size, seed);
}
