// SPDX-License-Identifier: BSD-3-Clause
// How a translation unit reads this library, as the name of an inline namespace around all of it:
// objects that read it in different ways have different symbols, so the linker says so instead of
// mixing their code. `tessera::Model` is the same name in all of them.
//
//   compiled   the target tessera::compiled: kernels and most functions lie in its archive
//   avx512 .. sse2, neon, scalar   header-only, by the instructions this unit is compiled for
#pragma once

/// The instructions that this unit is compiled for.
#if defined(__AVX512F__)
#define TESSERA_SIMD_ABI avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define TESSERA_SIMD_ABI avx2
#elif defined(__AVX__)
#define TESSERA_SIMD_ABI avx
#elif defined(__SSE4_2__)
#define TESSERA_SIMD_ABI sse4
#elif defined(__SSE2__)
#define TESSERA_SIMD_ABI sse2
#elif defined(__ARM_NEON)
#define TESSERA_SIMD_ABI neon
#else
#define TESSERA_SIMD_ABI scalar
#endif

// The compiled library names what it holds for each kind of processor itself.
#ifndef TESSERA_ABI
#ifdef TESSERA_COMPILED
#define TESSERA_ABI compiled
#else
#define TESSERA_ABI TESSERA_SIMD_ABI
#endif
#endif

/// The same around everything that knows the GPU: tests run kernels in emulation on the CPU.
#if defined(TESSERA_CUDA_EMULATE)
#define TESSERA_CUDA_ABI emulated
#else
#define TESSERA_CUDA_ABI nvidia
#endif
