// SPDX-License-Identifier: BSD-3-Clause
// Tables of kernels: one for each scalar and kind of processor.
#pragma once
#include <cstddef>

#include <tessera/kernels/avg_pool.hpp>
#include <tessera/kernels/batch_norm.hpp>
#include <tessera/kernels/channelwise_fc.hpp>
#include <tessera/kernels/composite.hpp>
#include <tessera/kernels/conv_transpose2d.hpp>
#include <tessera/kernels/copy.hpp>
#include <tessera/kernels/dropout.hpp>
#include <tessera/kernels/functions.hpp>
#include <tessera/kernels/gemm.hpp>
#include <tessera/kernels/gram.hpp>
#include <tessera/kernels/group_norm.hpp>
#include <tessera/kernels/hole_channel.hpp>
#include <tessera/kernels/layer_norm.hpp>
#include <tessera/kernels/library/kernel_list.hpp>
#include <tessera/kernels/library/texts.hpp>
#include <tessera/kernels/linear.hpp>
#include <tessera/kernels/lstm.hpp>
#include <tessera/kernels/masked_input.hpp>
#include <tessera/kernels/max_pool.hpp>
#include <tessera/kernels/normalize.hpp>
#include <tessera/kernels/optimizer.hpp>
#include <tessera/kernels/permute.hpp>
#include <tessera/kernels/pixel_loss.hpp>
#include <tessera/kernels/prelu.hpp>
#include <tessera/kernels/reduce.hpp>
#include <tessera/kernels/resize_bilinear.hpp>
#include <tessera/kernels/target_loss.hpp>
#include <tessera/kernels/total_variation.hpp>
#include <tessera/kernels/upsample.hpp>

namespace tessera::inline TESSERA_ABI::kernels::library {

#define TESSERA_MEMBER(result, name, parameters, arguments) result(*name) parameters;

/// A function for each kernel. The library reads tables that its units have made in namespaces of
/// their own, so there may be nothing in it but pointers.
template <class T>
struct KernelTable {
  TESSERA_CONVOLUTIONS(TESSERA_MEMBER)
  TESSERA_SCALAR_KERNELS(TESSERA_MEMBER)
  TESSERA_WORKSPACES(TESSERA_MEMBER)
  void (*pointwise_forward[function_count])(const Context<Cpu>&, View<const T> x, View<T> y);
  void (*pointwise_backward[function_count])(const Context<Cpu>&, View<const T> x, View<const T> y,
                                             View<const T> dy, View<T> dx);
  double (*pixel_loss[error_count])(const Context<Cpu>&, int region, View<const T> y,
                                    View<const T> target, HoleView hole, double factor, View<T> dy,
                                    std::byte* workspace);
  double (*target_loss[error_count])(const Context<Cpu>&, View<const T> y, View<const T> targets,
                                     double target, double factor, View<T> dy,
                                     std::byte* workspace);
  void (*optimizer_step[step_count])(const Context<Cpu>&, std::size_t n, T* w, const T* g,
                                     T* const* buffers, const void* step, double gradient_scale);
};

/// The kernels that work on masks alone.
struct MaskKernelTable {
  TESSERA_MASK_KERNELS(TESSERA_MEMBER)
};

#undef TESSERA_MEMBER

}  // namespace tessera::kernels::library
