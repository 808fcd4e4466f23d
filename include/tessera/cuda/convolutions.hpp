// SPDX-License-Identifier: BSD-3-Clause
// Which library computes a GPU's convolutions.
#pragma once
#include <array>
#include <string_view>

#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// Numbers differ in rounding between the two.
enum class Convolutions {
  fastest,  ///< each by whichever measured faster on this GPU; by Tessera's kernels without cuDNN
  own,      ///< by Tessera's kernels
  cudnn,    ///< by cuDNN; a DeviceError where it cannot
};

/// In the order of their numbers.
inline constexpr std::array convolutions_names{"fastest", "own", "cudnn"};

constexpr const char* name(Convolutions convolutions) {
  return convolutions_names[static_cast<std::size_t>(convolutions)];
}

/// The choice of this name. Errors: ArgumentError for other names
constexpr Convolutions convolutions_of(std::string_view name) {
  for (std::size_t i = 0; i < convolutions_names.size(); ++i)
    if (name == convolutions_names[i]) return static_cast<Convolutions>(i);
  throw ArgumentError(text({"convolutions: expected fastest, own or cudnn, got \"", name, "\""}));
}

}  // namespace tessera::cuda
