// SPDX-License-Identifier: BSD-3-Clause
// BatchNorm1d: batch normalisation of flattened maps and of sequences, per feature.
#pragma once
#include <tessera/layers/batch_norm2d.hpp>

namespace tessera {

/// Batch normalisation per feature over the batch, and over the positions where there are several
/// (sequences, rows of tokens).
///
/// Formula, template, state, gradients, errors, source: as BatchNorm2d, with Features for Channels.
///
/// Shapes     x [N, H, W, Features]  ->  y the same; of a flattened map H = W = 1
/// Errors     masked: features have no mask
template <int Features = any, Epsilon Eps = eps(1e-5), Momentum Share = momentum(0.1)>
struct BatchNorm1d : detail::BatchNorm<Features, Eps, Share> {
  static_assert(count_or_any(Features), "tessera: BatchNorm1d needs a positive feature count");
  static constexpr std::string_view name = "batch_norm1d";

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.masked()) return Complaint::masked;
    return detail::BatchNorm<Features, Eps, Share>::output_shape(in);
  }
};

}  // namespace tessera
