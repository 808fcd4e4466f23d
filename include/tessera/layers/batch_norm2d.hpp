// SPDX-License-Identifier: BSD-3-Clause
// BatchNorm2d: y = (x - mean) / sqrt(var + eps) * weight + bias, per channel over batch and space.
#pragma once
#include <tessera/kernels/batch_norm.hpp>
#include <tessera/kernels/copy.hpp>
#include <tessera/layers/channels.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/options.hpp>
#include <tessera/layers/run.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

namespace detail {

/// What BatchNorm1d and BatchNorm2d share: all but their names and what they refuse.
template <int Channels, Epsilon Eps, Momentum Share>
struct BatchNorm {
  static constexpr bool needs_x = true, needs_y = false, strided = true, gradient_in_place = true;
  static constexpr bool takes_activation = true;

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (!takes_channels(Channels, in)) return Complaint::channels;
    return in;
  }
  static constexpr auto parameters(Shape in) {
    const Dims each{deduced(Channels, in.channels)};
    return tessera::parameters(Parameter{"weight", each, ones}, Parameter{"bias", each, zeros},
                               Parameter{"running_mean", each, zeros, Role::statistic},
                               Parameter{"running_var", each, ones, Role::statistic},
                               Parameter{"num_batches_tracked", {}, zeros, Role::counter});
  }
  /// Mean and 1 / sqrt(var + eps) of the batch.
  static constexpr Saved saved(Shape in) { return {0, 2 * in.channels}; }
  static constexpr std::size_t workspace(const WorkspaceRequest& r) {
    return r.scalar_size == sizeof(double)
               ? kernels::batch_norm_workspace<double>(r.batch, r.output)
               : kernels::batch_norm_workspace<float>(r.batch, r.output);
  }
  static constexpr std::int64_t flops(Shape, Shape out) { return 2 * out.size(); }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    if (!run.batch_statistics()) {
      kernels::batch_norm_evaluation(run.context(), state(run), run.x(), run.y(), run.workspace());
      return;
    }
    if (run.x().pixels() < 2)
      throw ArgumentError(
          "batch norm: training needs more than one value per channel, got one (batch 1 of 1x1)");
    kernels::batch_norm_training(run.context(), state(run), run.x(), run.y(), run.saved(),
                                 run.workspace());
    kernels::increment(run.context(), run.counter(4));
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    T* const dweight = run.gradient(0).data;
    T* const dbias = run.gradient(1).data;
    if (run.batch_statistics())
      kernels::batch_norm_training_backward(run.context(), state(run), run.x(), run.dy(),
                                            run.saved(), run.dx(), dweight, dbias, run.workspace());
    else
      kernels::batch_norm_evaluation_backward(run.context(), state(run), run.x(), run.dy(),
                                              run.dx(), dweight, dbias, run.workspace());
  }

 private:
  template <class Device, class T>
  static kernels::BatchNormState<T> state(const Run<Device, T>& run) {
    return {run.parameter(0).data,
            run.parameter(1).data,
            run.parameter(2).data,
            run.parameter(3).data,
            Eps.value,
            Share.value,
            run.negative_slope()};
  }
};

}  // namespace detail

/// Batch normalisation over batch and space, per channel; of a masked stream too it sees every
/// position, holes included.
///
/// y = (x - mean) / sqrt(var + eps) * weight + bias
///
/// Training uses the batch's mean and biased variance and updates running_mean and running_var
/// (unbiased variance) with the momentum; evaluation, and training with frozen statistics, uses the
/// running ones.
///
/// Shapes     x [N, H, W, Channels]  ->  y the same; masks are passed on
/// Template   Channels (> 0) or `any`, which it is unless given;  Eps  eps(1e-5) unless given;
///            Share  momentum(0.1) unless given
/// State      weight = 1, bias = 0, running_mean = 0, running_var = 1, num_batches_tracked = 0
/// Gradients  weight, bias: added to (+=).  x: assigned (=)
/// Errors     channels; at run time ArgumentError in training with a single value per channel
/// Source     [ioffe2015]
template <int Channels = any, Epsilon Eps = eps(1e-5), Momentum Share = momentum(0.1)>
struct BatchNorm2d : detail::BatchNorm<Channels, Eps, Share> {
  static_assert(count_or_any(Channels), "tessera: BatchNorm2d needs a positive channel count");
  static constexpr std::string_view name = "batch_norm2d";
};

}  // namespace tessera
