// SPDX-License-Identifier: BSD-3-Clause
// Images, data sets, masks, loaders.
#pragma once
#include <tessera/data/cifar10.hpp>
#include <tessera/data/combined_masks.hpp>
#include <tessera/data/dataset.hpp>
#include <tessera/data/function_images.hpp>
#include <tessera/data/hole_mask.hpp>
#include <tessera/data/hole_share.hpp>
#include <tessera/data/image.hpp>
#include <tessera/data/image_data.hpp>
#include <tessera/data/image_folder.hpp>
#include <tessera/data/image_metadata.hpp>
#include <tessera/data/image_writer.hpp>
#include <tessera/data/loader.hpp>
#include <tessera/data/mask_files.hpp>
#include <tessera/data/mask_options.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/data/numpy_masks.hpp>
#include <tessera/data/numpy_random.hpp>
#include <tessera/data/patches.hpp>
#include <tessera/data/photographs.hpp>
#include <tessera/data/prefetch.hpp>
#include <tessera/data/rectangle_masks.hpp>
#include <tessera/data/resize.hpp>
#include <tessera/data/split.hpp>
#include <tessera/data/stroke_masks.hpp>
