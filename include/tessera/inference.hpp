// SPDX-License-Identifier: BSD-3-Clause
// Restoring pictures: of any size, in tiles, in several threads.
#pragma once
#include <tessera/inference/composite.hpp>
#include <tessera/inference/inpaint.hpp>
#include <tessera/inference/inpaint_main.hpp>
#include <tessera/inference/inpaint_options.hpp>
#include <tessera/inference/masked_input.hpp>
#include <tessera/inference/restoration_plan.hpp>
#include <tessera/inference/session.hpp>
#include <tessera/inference/tiles.hpp>
