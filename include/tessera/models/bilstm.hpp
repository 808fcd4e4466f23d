// SPDX-License-Identifier: BSD-3-Clause
// bilstm: a bidirectional LSTM of two layers over the rows of an image, then a linear layer; each
// colour channel is a sequence of its own.
#pragma once
#include <tessera/layers/linear.hpp>
#include <tessera/layers/lstm.hpp>
#include <tessera/layers/permute.hpp>
#include <tessera/network/network.hpp>

namespace tessera::models {

/// On (sequences, steps, features): 2 * 128 states from the two directions, then as many outputs.
struct LstmRegression
    : Sequential<Named<"lstm", LSTM<256, 128, 2, bidirectional()>>, Named<"fc", Linear<any, 256>>> {
};

/// Image in [0, 1] times (1 - hole) -> image, unbounded. A channel is a sequence of 256 rows of 256
/// pixels.
using BiLstm = Network<Input<256, 256, 3>, Permute<2, 0, 1>, LstmRegression, Permute<1, 2, 0>>;
/// The same parameters with a sequence of three channels for each row.
using BiLstmChannels =
    Network<Input<256, 256, 3>, Permute<0, 2, 1>, LstmRegression, Permute<0, 2, 1>>;

static_assert(parameter_count<BiLstm> == 856'320);
static_assert(parameter_count<BiLstmChannels> == 856'320);
static_assert(output_shape<BiLstmChannels> == Shape{256, 256, 3});

}  // namespace tessera::models
