// SPDX-License-Identifier: BSD-3-Clause
// The CUDA device: with it Model<Net, Cuda> trains and restores on an NVIDIA GPU, by the same
// source as on the CPU. Needs the CMake target tessera::cuda (cudart, cuBLAS, NVRTC); no nvcc, and
// no driver to start a program. See docs/cuda.md.
#pragma once
#include <tessera/cuda/context.hpp>
#include <tessera/cuda/memory.hpp>
#include <tessera/cuda/repeated.hpp>
#include <tessera/cuda/staging.hpp>
#include <tessera/optimizers/cuda/step_settings.hpp>

#include <tessera/kernels/cuda/avg_pool.hpp>
#include <tessera/kernels/cuda/batch_norm.hpp>
#include <tessera/kernels/cuda/channelwise_fc.hpp>
#include <tessera/kernels/cuda/composite.hpp>
#include <tessera/kernels/cuda/conv2d.hpp>
#include <tessera/kernels/cuda/conv_transpose2d.hpp>
#include <tessera/kernels/cuda/copy.hpp>
#include <tessera/kernels/cuda/dropout.hpp>
#include <tessera/kernels/cuda/gemm.hpp>
#include <tessera/kernels/cuda/gram.hpp>
#include <tessera/kernels/cuda/group_norm.hpp>
#include <tessera/kernels/cuda/hole_channel.hpp>
#include <tessera/kernels/cuda/layer_norm.hpp>
#include <tessera/kernels/cuda/linear.hpp>
#include <tessera/kernels/cuda/loss_monitor.hpp>
#include <tessera/kernels/cuda/lstm.hpp>
#include <tessera/kernels/cuda/masked_input.hpp>
#include <tessera/kernels/cuda/max_pool.hpp>
#include <tessera/kernels/cuda/normalize.hpp>
#include <tessera/kernels/cuda/optimizer.hpp>
#include <tessera/kernels/cuda/permute.hpp>
#include <tessera/kernels/cuda/pixel_loss.hpp>
#include <tessera/kernels/cuda/pointwise.hpp>
#include <tessera/kernels/cuda/prelu.hpp>
#include <tessera/kernels/cuda/reduce.hpp>
#include <tessera/kernels/cuda/resize_bilinear.hpp>
#include <tessera/kernels/cuda/target_loss.hpp>
#include <tessera/kernels/cuda/total_variation.hpp>
#include <tessera/kernels/cuda/upsample.hpp>
