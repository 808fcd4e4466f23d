// SPDX-License-Identifier: BSD-3-Clause
// All of Tessera in the order in which data flows, but what is included by name: the documented
// architectures (<tessera/models.hpp> or one of models/), what reads or writes image files (<tessera/data.hpp>,
// <tessera/training.hpp> and <tessera/inference.hpp> have all), the checks of <tessera/testing.hpp>, and the CUDA device
// (<tessera/cuda.hpp>).
#pragma once
#include <tessera/version.hpp>

#include <tessera/tensor.hpp>

#include <tessera/io.hpp>

#include <tessera/layers.hpp>

#include <tessera/network.hpp>

#include <tessera/models/patch_discriminator.hpp>

#include <tessera/losses.hpp>

#include <tessera/optimizers.hpp>

#include <tessera/data/cifar10.hpp>
#include <tessera/data/combined_masks.hpp>
#include <tessera/data/dataset.hpp>
#include <tessera/data/function_images.hpp>
#include <tessera/data/hole_mask.hpp>
#include <tessera/data/hole_share.hpp>
#include <tessera/data/image_data.hpp>
#include <tessera/data/image_metadata.hpp>
#include <tessera/data/loader.hpp>
#include <tessera/data/mask_options.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/data/numpy_masks.hpp>
#include <tessera/data/numpy_random.hpp>
#include <tessera/data/prefetch.hpp>
#include <tessera/data/rectangle_masks.hpp>
#include <tessera/data/resize.hpp>
#include <tessera/data/split.hpp>
#include <tessera/data/stroke_masks.hpp>

#include <tessera/inference/composite.hpp>
#include <tessera/inference/inpaint.hpp>
#include <tessera/inference/inpaint_options.hpp>
#include <tessera/inference/masked_input.hpp>
#include <tessera/inference/restoration_plan.hpp>
#include <tessera/inference/session.hpp>
#include <tessera/inference/tiles.hpp>

#include <tessera/training/callbacks.hpp>
#include <tessera/training/checkpoint.hpp>
#include <tessera/training/gan_step.hpp>
#include <tessera/training/hole_buckets.hpp>
#include <tessera/training/metrics.hpp>
#include <tessera/training/progress.hpp>
#include <tessera/training/run_folder.hpp>
#include <tessera/training/samples.hpp>
#include <tessera/training/ssim.hpp>
#include <tessera/training/stop_on_signals.hpp>
#include <tessera/training/trainer.hpp>
