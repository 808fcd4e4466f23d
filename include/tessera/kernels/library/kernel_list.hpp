// SPDX-License-Identifier: BSD-3-Clause
// The CPU's kernels that the compiled library holds, each once, as K(result, name, parameters,
// arguments). Its tables, its units for each kind of processor and its entries are made of these
// lists; a new kernel is added here, or programs that use it do not link with tessera::compiled.
#pragma once

/// For each scalar T; kernel and stride are those of the problem.
#define TESSERA_CONVOLUTIONS(K)                                                                    \
  K(void, conv2d_forward,                                                                          \
    (const Context<Cpu>& c, const Conv2dProblem& problem, View<const T> x, ValidView valid,        \
     const T* weight, const T* bias, const T* scale, View<T> y, std::byte* workspace),             \
    (c, problem, x, valid, weight, bias, scale, y, workspace))                                     \
  K(void, conv2d_backward_input,                                                                   \
    (const Context<Cpu>& c, const Conv2dProblem& problem, View<const T> dy, ValidView valid,       \
     const T* weight, const T* scale, View<T> dx, std::byte* workspace),                           \
    (c, problem, dy, valid, weight, scale, dx, workspace))                                         \
  K(void, conv2d_backward_weight,                                                                  \
    (const Context<Cpu>& c, const Conv2dProblem& problem, View<const T> x, ValidView valid,        \
     View<const T> dy, const T* scale, T* dweight, T* dbias, std::byte* workspace),                \
    (c, problem, x, valid, dy, scale, dweight, dbias, workspace))                                  \
  K(void, conv_transpose2d_forward,                                                                \
    (const Context<Cpu>& c, const Conv2dProblem& turned, View<const T> x, const T* weight,         \
     const T* bias, View<T> y, std::byte* workspace),                                              \
    (c, turned, x, weight, bias, y, workspace))                                                    \
  K(void, conv_transpose2d_backward_input,                                                         \
    (const Context<Cpu>& c, const Conv2dProblem& turned, View<const T> dy, const T* weight,        \
     View<T> dx, std::byte* workspace),                                                            \
    (c, turned, dy, weight, dx, workspace))                                                        \
  K(void, conv_transpose2d_backward_weight,                                                        \
    (const Context<Cpu>& c, const Conv2dProblem& turned, View<const T> x, View<const T> dy,        \
     T* dweight, T* dbias, std::byte* workspace),                                                  \
    (c, turned, x, dy, dweight, dbias, workspace))

/// For each scalar T.
#define TESSERA_SCALAR_KERNELS(K)                                                                  \
  K(void, avg_pool_forward,                                                                        \
    (const Context<Cpu>& c, int kernel, int stride, View<const T> x, View<T> y),                   \
    (c, kernel, stride, x, y))                                                                     \
  K(void, avg_pool_backward,                                                                       \
    (const Context<Cpu>& c, int kernel, int stride, View<const T> dy, View<T> dx),                 \
    (c, kernel, stride, dy, dx))                                                                   \
  K(void, batch_norm_training,                                                                     \
    (const Context<Cpu>& c, const BatchNormState<T>& state, View<const T> x, View<T> y,            \
     T* saved, std::byte* workspace),                                                              \
    (c, state, x, y, saved, workspace))                                                            \
  K(void, batch_norm_evaluation,                                                                   \
    (const Context<Cpu>& c, const BatchNormState<T>& state, View<const T> x, View<T> y,            \
     std::byte* workspace),                                                                        \
    (c, state, x, y, workspace))                                                                   \
  K(void, batch_norm_training_backward,                                                            \
    (const Context<Cpu>& c, const BatchNormState<T>& state, View<const T> x,                       \
     View<const T> dy, const T* saved, View<T> dx, T* dgamma, T* dbeta,                            \
     std::byte* workspace),                                                                        \
    (c, state, x, dy, saved, dx, dgamma, dbeta, workspace))                                        \
  K(void, batch_norm_evaluation_backward,                                                          \
    (const Context<Cpu>& c, const BatchNormState<T>& state, View<const T> x,                       \
     View<const T> dy, View<T> dx, T* dgamma, T* dbeta, std::byte* workspace),                     \
    (c, state, x, dy, dx, dgamma, dbeta, workspace))                                               \
  K(void, channelwise_fc_forward,                                                                  \
    (const Context<Cpu>& c, View<const T> x, const T* weight, View<T> y,                           \
     std::byte* workspace),                                                                        \
    (c, x, weight, y, workspace))                                                                  \
  K(void, channelwise_fc_backward,                                                                 \
    (const Context<Cpu>& c, View<const T> x, View<const T> dy, const T* weight, View<T> dx,        \
     T* dweight, std::byte* workspace),                                                            \
    (c, x, dy, weight, dx, dweight, workspace))                                                    \
  K(void, composite,                                                                               \
    (const Context<Cpu>& c, View<const T> y, View<const T> truth, HoleView hole, View<T> z),       \
    (c, y, truth, hole, z))                                                                        \
  K(void, composite_backward,                                                                      \
    (const Context<Cpu>& c, View<const T> dz, HoleView hole, View<T> dy),                          \
    (c, dz, hole, dy))                                                                             \
  K(void, partial_conv2d_mask,                                                                     \
    (const Context<Cpu>& c, const Conv2dProblem& problem, ValidView x_valid, T* scale,             \
     MutableValidView y_valid),                                                                    \
    (c, problem, x_valid, scale, y_valid))                                                         \
  K(void, copy, (const Context<Cpu>& c, View<const T> x, View<T> y), (c, x, y))                    \
  K(void, add_into, (const Context<Cpu>& c, View<const T> x, View<T> y), (c, x, y))                \
  K(void, add,                                                                                     \
    (const Context<Cpu>& c, View<const T> a, View<const T> b, View<T> y),                          \
    (c, a, b, y))                                                                                  \
  K(void, multiply,                                                                                \
    (const Context<Cpu>& c, View<const T> a, View<const T> b, View<T> y),                          \
    (c, a, b, y))                                                                                  \
  K(void, fill_zero, (const Context<Cpu>& c, View<T> y), (c, y))                                   \
  K(void, dropout,                                                                                 \
    (const Context<Cpu>& c, double probability, const RandomBlocks& random, View<const T> x,       \
     View<T> y),                                                                                   \
    (c, probability, random, x, y))                                                                \
  K(void, gemm,                                                                                    \
    (const Context<Cpu>& c, Transpose ta, Transpose tb, std::ptrdiff_t m, std::ptrdiff_t n,        \
     std::ptrdiff_t k, T alpha, const T* A, std::ptrdiff_t lda, const T* B,                        \
     std::ptrdiff_t ldb, T beta, T* C, std::ptrdiff_t ldc),                                        \
    (c, ta, tb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc))                                     \
  K(void, gram,                                                                                    \
    (const Context<Cpu>& c, View<const T> x, int together, T* G),                                  \
    (c, x, together, G))                                                                           \
  K(void, gram_backward,                                                                           \
    (const Context<Cpu>& c, View<const T> x, int together, const T* S, View<T> dx),                \
    (c, x, together, S, dx))                                                                       \
  K(void, group_norm_forward,                                                                      \
    (const Context<Cpu>& c, const GroupNormState<T>& state, View<const T> x, View<T> y,            \
     T* saved, std::byte* workspace),                                                              \
    (c, state, x, y, saved, workspace))                                                            \
  K(void, group_norm_backward,                                                                     \
    (const Context<Cpu>& c, const GroupNormState<T>& state, View<const T> x,                       \
     View<const T> dy, const T* saved, View<T> dx, T* dgamma, T* dbeta,                            \
     std::byte* workspace),                                                                        \
    (c, state, x, dy, saved, dx, dgamma, dbeta, workspace))                                        \
  K(void, hole_channel_forward,                                                                    \
    (const Context<Cpu>& c, View<const T> x, ValidView valid, View<T> y),                          \
    (c, x, valid, y))                                                                              \
  K(void, hole_channel_backward,                                                                   \
    (const Context<Cpu>& c, View<const T> dy, ValidView valid, View<T> dx),                        \
    (c, dy, valid, dx))                                                                            \
  K(void, layer_norm_forward,                                                                      \
    (const Context<Cpu>& c, const LayerNormState<T>& state, View<const T> x, View<T> y,            \
     T* saved),                                                                                    \
    (c, state, x, y, saved))                                                                       \
  K(void, layer_norm_backward,                                                                     \
    (const Context<Cpu>& c, const LayerNormState<T>& state, View<const T> x,                       \
     View<const T> dy, const T* saved, View<T> dx, T* dgamma, T* dbeta,                            \
     std::byte* workspace),                                                                        \
    (c, state, x, dy, saved, dx, dgamma, dbeta, workspace))                                        \
  K(void, linear_forward,                                                                          \
    (const Context<Cpu>& c, View<const T> x, const T* weight, const T* bias, View<T> y),           \
    (c, x, weight, bias, y))                                                                       \
  K(void, linear_backward_input,                                                                   \
    (const Context<Cpu>& c, View<const T> dy, const T* weight, View<T> dx),                        \
    (c, dy, weight, dx))                                                                           \
  K(void, linear_backward_weight,                                                                  \
    (const Context<Cpu>& c, View<const T> x, View<const T> dy, T* dweight),                        \
    (c, x, dy, dweight))                                                                           \
  K(void, bias_gradient,                                                                           \
    (const Context<Cpu>& c, View<const T> dy, T* first, T* second),                                \
    (c, dy, first, second))                                                                        \
  K(void, lstm_forward,                                                                            \
    (const Context<Cpu>& c, const LstmProblem& problem, const LstmWeights<const T>* weights,       \
     const T* x, const LstmState<T>& state, std::byte* workspace),                                 \
    (c, problem, weights, x, state, workspace))                                                    \
  K(void, lstm_backward,                                                                           \
    (const Context<Cpu>& c, const LstmProblem& problem, const LstmWeights<const T>* weights,       \
     const T* x, const LstmState<T>& state, const T* dy, T* dx,                                    \
     const LstmWeights<T>* gradients, std::byte* workspace),                                       \
    (c, problem, weights, x, state, dy, dx, gradients, workspace))                                 \
  K(void, to_time_major, (const Context<Cpu>& c, View<const T> from, T* to), (c, from, to))        \
  K(void, from_time_major, (const Context<Cpu>& c, const T* from, View<T> to), (c, from, to))      \
  K(void, masked_input,                                                                            \
    (const Context<Cpu>& c, View<const float> image, HoleView hole, View<T> x,                     \
     MutableValidView valid),                                                                      \
    (c, image, hole, x, valid))                                                                    \
  K(void, max_pool_forward,                                                                        \
    (const Context<Cpu>& c, int kernel, int stride, View<const T> x, View<T> y),                   \
    (c, kernel, stride, x, y))                                                                     \
  K(void, max_pool_backward,                                                                       \
    (const Context<Cpu>& c, int kernel, int stride, View<const T> x, View<const T> dy,             \
     View<T> dx),                                                                                  \
    (c, kernel, stride, x, dy, dx))                                                                \
  K(void, normalize_forward,                                                                       \
    (const Context<Cpu>& c, const double* mean, const double* deviation, View<const T> x,          \
     View<T> y),                                                                                   \
    (c, mean, deviation, x, y))                                                                    \
  K(void, normalize_backward,                                                                      \
    (const Context<Cpu>& c, const double* deviation, View<const T> dy, View<T> dx),                \
    (c, deviation, dy, dx))                                                                        \
  K(void, permute,                                                                                 \
    (const Context<Cpu>& c, const AxisOrder& order, View<const T> x, View<T> y),                   \
    (c, order, x, y))                                                                              \
  K(void, flatten, (const Context<Cpu>& c, View<const T> x, View<T> y), (c, x, y))                 \
  K(void, unflatten, (const Context<Cpu>& c, View<const T> x, View<T> y), (c, x, y))               \
  K(void, prelu_forward,                                                                           \
    (const Context<Cpu>& c, const T* slope, View<const T> x, View<T> y),                           \
    (c, slope, x, y))                                                                              \
  K(void, prelu_backward,                                                                          \
    (const Context<Cpu>& c, const T* slope, View<const T> x, View<const T> dy, View<T> dx,         \
     T* dslope, std::byte* workspace),                                                             \
    (c, slope, x, dy, dx, dslope, workspace))                                                      \
  K(double, sum,                                                                                   \
    (const Context<Cpu>& c, const T* x, std::size_t n, std::byte* workspace),                      \
    (c, x, n, workspace))                                                                          \
  K(double, sum_of_squares,                                                                        \
    (const Context<Cpu>& c, const T* x, std::size_t n, std::byte* workspace),                      \
    (c, x, n, workspace))                                                                          \
  K(double, max_abs,                                                                               \
    (const Context<Cpu>& c, const T* x, std::size_t n, std::byte* workspace),                      \
    (c, x, n, workspace))                                                                          \
  K(std::int64_t, count_non_finite,                                                                \
    (const Context<Cpu>& c, const T* x, std::size_t n, std::byte* workspace),                      \
    (c, x, n, workspace))                                                                          \
  K(void, resize_bilinear_forward,                                                                 \
    (const Context<Cpu>& c, View<const T> x, View<T> y),                                           \
    (c, x, y))                                                                                     \
  K(void, resize_bilinear_backward,                                                                \
    (const Context<Cpu>& c, View<const T> dy, View<T> dx),                                         \
    (c, dy, dx))                                                                                   \
  K(double, total_variation,                                                                       \
    (const Context<Cpu>& c, View<const T> y, View<const T> truth, HoleView hole,                   \
     double factor, View<T> dy, std::byte* workspace),                                             \
    (c, y, truth, hole, factor, dy, workspace))                                                    \
  K(void, upsample_forward,                                                                        \
    (const Context<Cpu>& c, int factor, View<const T> x, View<T> y),                               \
    (c, factor, x, y))                                                                             \
  K(void, upsample_backward,                                                                       \
    (const Context<Cpu>& c, int factor, View<const T> dy, View<T> dx),                             \
    (c, factor, dy, dx))

/// Scratch bytes, for each scalar T.
#define TESSERA_WORKSPACES(K)                                                                      \
  K(std::size_t, conv2d_forward_workspace, (const Conv2dProblem& problem), (problem))              \
  K(std::size_t, conv2d_backward_input_workspace, (const Conv2dProblem& problem), (problem))       \
  K(std::size_t, conv2d_backward_weight_workspace, (const Conv2dProblem& problem), (problem))      \
  K(std::size_t, conv_transpose2d_forward_workspace, (const Conv2dProblem& problem), (problem))    \
  K(std::size_t, conv_transpose2d_backward_workspace, (const Conv2dProblem& problem), (problem))   \
  K(std::size_t, lstm_forward_workspace, (const LstmProblem& problem), (problem))                  \
  K(std::size_t, lstm_backward_workspace, (const LstmProblem& problem), (problem))

/// Without a scalar.
#define TESSERA_MASK_KERNELS(K)                                                                    \
  K(void, copy_mask,                                                                               \
    (const Context<Cpu>& c, ValidView x, int first, MutableValidView y),                           \
    (c, x, first, y))                                                                              \
  K(void, concatenate_masks,                                                                       \
    (const Context<Cpu>& c, ValidView a, ValidView b, MutableValidView y),                         \
    (c, a, b, y))                                                                                  \
  K(void, intersect_masks,                                                                         \
    (const Context<Cpu>& c, ValidView a, ValidView b, MutableValidView y),                         \
    (c, a, b, y))                                                                                  \
  K(void, increment, (const Context<Cpu>& c, std::int64_t* counter), (c, counter))                 \
  K(void, upsample_mask,                                                                           \
    (const Context<Cpu>& c, int factor, ValidView x, MutableValidView y),                          \
    (c, factor, x, y))
