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
#include <tessera/layers/avg_pool2d.hpp>
#include <tessera/layers/batch_norm1d.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/channelwise_fc.hpp>
#include <tessera/layers/clamp.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/layers/dropout.hpp>
#include <tessera/layers/flatten.hpp>
#include <tessera/layers/group_norm.hpp>
#include <tessera/layers/instance_norm2d.hpp>
#include <tessera/layers/layer_norm.hpp>
#include <tessera/layers/linear.hpp>
#include <tessera/layers/lstm.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/layers/normalize.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/permute.hpp>
#include <tessera/layers/pointwise.hpp>
#include <tessera/layers/prelu.hpp>
#include <tessera/layers/resize_bilinear.hpp>
#include <tessera/layers/upsample2d.hpp>

#include <tessera/network/containers.hpp>
#include <tessera/network/describe.hpp>
#include <tessera/network/initialized.hpp>
#include <tessera/network/model.hpp>
#include <tessera/network/network.hpp>
#include <tessera/network/session.hpp>

#include <tessera/models/patch_discriminator.hpp>

#include <tessera/losses/bce.hpp>
#include <tessera/losses/bce_with_logits.hpp>
#include <tessera/losses/feature_loss.hpp>
#include <tessera/losses/hinge.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/lsgan.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/losses/pconv_loss.hpp>
#include <tessera/losses/total_variation.hpp>

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
#include <tessera/training/gan_step.hpp>
#include <tessera/training/hole_buckets.hpp>
#include <tessera/training/inpaint.hpp>
#include <tessera/training/metrics.hpp>
#include <tessera/training/run_folder.hpp>
#include <tessera/training/trainer.hpp>

#include <tessera/io/json.hpp>
#include <tessera/io/published_names.hpp>
#include <tessera/io/weights.hpp>
