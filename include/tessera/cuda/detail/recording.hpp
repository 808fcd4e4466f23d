// SPDX-License-Identifier: BSD-3-Clause
// Who may not work beside whom while a graph is recorded.
#pragma once
#include <mutex>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI::runtime {

/// Held while a graph is recorded, and around what waits for the whole GPU: that, in another
/// thread, would end the recording.
inline std::mutex recording_or_waiting;

}  // namespace tessera::cuda::runtime
