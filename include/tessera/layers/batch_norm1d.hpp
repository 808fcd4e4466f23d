// SPDX-License-Identifier: BSD-3-Clause
// BatchNorm1d: batch normalisation of flattened maps and of sequences, per feature.
#pragma once
#include <tessera/layers/batch_norm2d.hpp>

namespace tessera {

/// Batch normalisation per feature over the batch, and over the positions where there are several
/// (sequences, rows of tokens).
///
/// y = (x - mean) / sqrt(var + eps) * weight + bias
///
/// Training uses the batch's mean and biased variance and updates running_mean and running_var
/// (unbiased variance) with the momentum; evaluation, and training with frozen statistics, uses the
/// running ones.
///
/// Shapes     x [N, H, W, Features]  ->  y the same; of a flattened map H = W = 1
/// Template   Features (> 0);  Eps  eps(1e-5) unless given;  Share  momentum(0.1) unless given
/// State      weight = 1, bias = 0, running_mean = 0, running_var = 1, num_batches_tracked = 0
/// Gradients  weight, bias: added to (+=).  x: assigned (=)
/// Errors     channels; masked: features have no mask; at run time ArgumentError in training with a
///            single value per feature
/// Source     [ioffe2015]
template <int Features, Epsilon Eps = eps(1e-5), Momentum Share = momentum(0.1)>
struct BatchNorm1d : detail::BatchNorm<Features, Eps, Share> {
  static_assert(Features > 0, "tessera: BatchNorm1d needs a positive feature count");
  static constexpr std::string_view name = "batch_norm1d";

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.masked()) return Complaint::masked;
    return detail::BatchNorm<Features, Eps, Share>::output_shape(in);
  }
};

}  // namespace tessera
