// SPDX-License-Identifier: BSD-3-Clause
// Device code as text: one macro holds the code of kernels in a header, as a string for the
// run-time compiler and, where tests emulate the GPU, as code of the program too.
#pragma once
#include <tessera/abi.hpp>
#ifdef TESSERA_CUDA_EMULATE
#include <tessera/cuda/emulation/intrinsics.hpp>
#endif

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// A piece of device code and the pieces it builds on. Its code lies in namespace tessera::cuda.
struct Text {
  const char* name;
  const char* source;
  const Text* needs[4]{};
};

}  // namespace tessera::cuda

/// What stands in the parentheses.
#define TESSERA_CUDA_LIST(...) __VA_ARGS__

/// Defines the text `id`; `needs` is a parenthesised list of pointers to texts, such as
/// (&views_text). To be used in namespace tessera::cuda. The code may use what emulation.hpp lists,
/// but no preprocessor lines.
/// Neither macro hands its code on to another: it would arrive with the words of CUDA replaced.
#ifdef TESSERA_CUDA_EMULATE
#define TESSERA_CUDA_TEXT(id, needs, ...) \
  __VA_ARGS__                             \
  inline constexpr ::tessera::cuda::Text id{#id, #__VA_ARGS__, {TESSERA_CUDA_LIST needs}};
#else
#define TESSERA_CUDA_TEXT(id, needs, ...) \
  inline constexpr ::tessera::cuda::Text id{#id, #__VA_ARGS__, {TESSERA_CUDA_LIST needs}};
#endif

/// The same for types and constexpr functions that host code uses as well: no device words inside.
#define TESSERA_SHARED_TEXT(id, needs, ...) \
  __VA_ARGS__                               \
  inline constexpr ::tessera::cuda::Text id{#id, #__VA_ARGS__, {TESSERA_CUDA_LIST needs}};
