// SPDX-License-Identifier: BSD-3-Clause
// All of Tessera but the CUDA device: the stages in the order in which data flows.
#pragma once
#include <tessera/version.hpp>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/tensor.hpp>
#include <tessera/tensor/xtensor.hpp>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/pointwise.hpp>
#include <tessera/layers/upsample2d.hpp>

#include <tessera/network/containers.hpp>
#include <tessera/network/describe.hpp>
#include <tessera/network/model.hpp>
#include <tessera/network/network.hpp>
#include <tessera/network/session.hpp>

#include <tessera/losses/l1.hpp>
#include <tessera/losses/mse.hpp>

#include <tessera/optimizers/optimizer.hpp>
#include <tessera/optimizers/schedule.hpp>

#include <tessera/data/cifar10.hpp>
#include <tessera/data/combined_masks.hpp>
#include <tessera/data/hole_share.hpp>
#include <tessera/data/loader.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/data/numpy_masks.hpp>
#include <tessera/data/prefetch.hpp>
#include <tessera/data/rectangle_masks.hpp>
#include <tessera/data/split.hpp>
#include <tessera/data/stroke_masks.hpp>

#include <tessera/training/composite.hpp>
#include <tessera/training/hole_buckets.hpp>
#include <tessera/training/inpaint.hpp>
#include <tessera/training/metrics.hpp>
#include <tessera/training/run_folder.hpp>
#include <tessera/training/trainer.hpp>

#include <tessera/io/json.hpp>
#include <tessera/io/weights.hpp>
