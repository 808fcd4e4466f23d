// SPDX-License-Identifier: BSD-3-Clause
// One pass of a convolution as cuDNN's operation graph, made of descriptors alone: no GPU needed.
// Empty where the program is compiled without cuDNN's headers.
#pragma once
#include <tessera/cuda/cudnn/descriptor.hpp>

#ifdef TESSERA_HAS_CUDNN_HEADERS
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <tessera/cuda/cudnn/problem.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

namespace detail {

enum CudnnTensor : std::int64_t { x_tensor = 1, weight_tensor, y_tensor };

/// A float32 tensor of `dimensions`, outermost stride first.
inline CudnnDescriptor cudnn_tensor(CudnnTensor id, std::initializer_list<std::int64_t> dimensions,
                                    std::initializer_list<std::int64_t> strides,
                                    std::int64_t alignment) {
  CudnnDescriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, {CUDNN_DATA_FLOAT})
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, dimensions)
      .set(CUDNN_ATTR_TENSOR_STRIDES, strides)
      .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, {std::int64_t{id}})
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, {alignment})
      .finalize();
  return tensor;
}

inline CudnnDescriptor cudnn_image(CudnnTensor id, std::int64_t batch, std::int64_t height,
                                   std::int64_t width, int channels, std::ptrdiff_t stride) {
  return cudnn_tensor(id, {batch, channels, height, width},
                      {height * width * stride, 1, width * stride, stride},
                      cudnn_alignment(stride, channels));
}

inline CudnnDescriptor cudnn_weight(const CudnnProblem& problem) {
  const std::int64_t in = problem.sizes.in_channels, out = problem.sizes.out_channels;
  const std::int64_t k = problem.sizes.kernel;
  return cudnn_tensor(weight_tensor, {out, in, k, k}, {k * k * in, 1, k * in, in}, cudnn_aligned);
}

inline CudnnDescriptor cudnn_sweep(const kernels::Conv2dProblem& s) {
  const std::int64_t padding = s.padding, stride = s.stride;
  CudnnDescriptor sweep(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  sweep.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, {std::int64_t{2}})
      .set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, {CUDNN_DATA_FLOAT})
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, {CUDNN_CROSS_CORRELATION})
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, {padding, padding})
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, {padding, padding})
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, {stride, stride})
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, {std::int64_t{1}, std::int64_t{1}})
      .finalize();
  return sweep;
}

/// The one operation of the graph.
inline CudnnDescriptor cudnn_operation(const CudnnProblem& problem) {
  const kernels::Conv2dProblem& s = problem.sizes;
  const CudnnDescriptor sweep = cudnn_sweep(s), w = cudnn_weight(problem);
  const CudnnDescriptor x =
      cudnn_image(x_tensor, s.batch, s.in_height, s.in_width, s.in_channels, problem.x_stride);
  const CudnnDescriptor y =
      cudnn_image(y_tensor, s.batch, s.out_height, s.out_width, s.out_channels, problem.y_stride);
  const auto make = [&](cudnnBackendDescriptorType_t type, cudnnBackendAttributeName_t alpha,
                        cudnnBackendAttributeName_t beta, cudnnBackendAttributeName_t conv_desc,
                        cudnnBackendAttributeName_t x_name, cudnnBackendAttributeName_t w_name,
                        cudnnBackendAttributeName_t y_name) {
    CudnnDescriptor operation(type);
    operation.set(conv_desc, sweep).set(x_name, x).set(w_name, w).set(y_name, y);
    operation.set(alpha, {1.0f});
    operation.set(beta, {problem.add ? 1.0f : 0.0f});
    operation.finalize();
    return operation;
  };
  switch (problem.pass) {
    case ConvolutionPass::forward:
      return make(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y);
    case ConvolutionPass::backward_input:
      return make(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY);
    default:
      return make(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY);
  }
}

/// The finalised graph, for the handle's GPU or, without a handle, for none in particular.
inline CudnnDescriptor cudnn_graph(const CudnnProblem& problem, const CudnnHandle* handle) {
  CudnnDescriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, cudnn_operation(problem));
  if (handle) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, {handle->get()});
  graph.finalize();
  return graph;
}

}  // namespace detail
}  // namespace tessera::cuda
#endif
