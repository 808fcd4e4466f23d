// SPDX-License-Identifier: BSD-3-Clause
// Reductions of flat arrays, in two deterministic stages: chunks of fixed size, summed in double,
// then combined in order. One pass serves gradient clipping, anomaly checks and monitoring.
#pragma once
#include <cstddef>
#include <cstdint>

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/device_number.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Elements one task reduces.
inline constexpr std::size_t reduce_chunk = 16384;

/// Scratch bytes for n elements: 8 per chunk.
constexpr std::size_t reduce_workspace(std::size_t n) {
  return aligned_size((n + reduce_chunk - 1) / reduce_chunk * sizeof(double));
}

/// Sum of x[i]; x [n].
template <class T>
double sum(const Context<Cpu>&, const T* x, std::size_t n, std::byte* workspace);

/// Sum of x[i]^2.
template <class T>
double sum_of_squares(const Context<Cpu>&, const T* x, std::size_t n, std::byte* workspace);

/// Largest |x[i]|; 0 for n = 0, NaN if any element is.
template <class T>
double max_abs(const Context<Cpu>&, const T* x, std::size_t n, std::byte* workspace);

/// Number of infinite and NaN elements.
template <class T>
std::int64_t count_non_finite(const Context<Cpu>&, const T* x, std::size_t n,
                              std::byte* workspace);

/// On a GPU, which has its own scratch memory: the numbers stay there.
template <class T>
DeviceNumber sum(const Context<Cuda>&, const T* x, std::size_t n);
template <class T>
DeviceNumber sum_of_squares(const Context<Cuda>&, const T* x, std::size_t n);
template <class T>
DeviceNumber max_abs(const Context<Cuda>&, const T* x, std::size_t n);
template <class T>
DeviceNumber count_non_finite(const Context<Cuda>&, const T* x, std::size_t n);

/// min(1, max_norm / (sqrt(sum of x[i]^2) + 1e-6)): what brings a gradient's norm down to max_norm.
template <class T>
DeviceNumber clip_scale(const Context<Cuda>&, const T* x, std::size_t n, double max_norm);

/// A number that the host knows, or one times its factor, as it lies on the GPU: factor 1.
DeviceNumber number(const Context<Cuda>&, double value);
DeviceNumber number(const Context<Cuda>&, const DeviceNumber& n);
/// *to += n, on the GPU.
void add_number(const Context<Cuda>&, const DeviceNumber& n, double* to);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/reduce.hpp>
#endif
