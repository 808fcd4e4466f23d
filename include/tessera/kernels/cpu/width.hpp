// SPDX-License-Identifier: BSD-3-Clause
// The vectors that kernels work on, as numbers: what sizes of packed weights and scratch depend on.
#pragma once
#include <cstddef>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

// A user of the compiled library does not know which of its kernels will run: constant expressions
// take the widest, and while a program runs the library says what its own kernels need.
#if defined(TESSERA_COMPILED) || defined(__AVX512F__)
inline constexpr std::size_t vector_bytes = 64;
inline constexpr bool many_registers = true;  // 32, not 16
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32;
inline constexpr bool many_registers = false;
#elif defined(__aarch64__)
inline constexpr std::size_t vector_bytes = 16;
inline constexpr bool many_registers = true;
#else
inline constexpr std::size_t vector_bytes = 16;
inline constexpr bool many_registers = false;
#endif

/// Elements of a vector.
template <class T>
inline constexpr std::ptrdiff_t vector_width = static_cast<std::ptrdiff_t>(vector_bytes / sizeof(T));

}  // namespace tessera::kernels
