// SPDX-License-Identifier: BSD-3-Clause
// Containers, networks, models, passes, weights of models.
#pragma once
#include <tessera/network/block_shapes.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/network/describe.hpp>
#include <tessera/network/initialized.hpp>
#include <tessera/network/model.hpp>
#include <tessera/network/network.hpp>
#include <tessera/network/pass.hpp>
#include <tessera/network/pass_options.hpp>
#include <tessera/network/plan.hpp>
#include <tessera/network/published_names.hpp>
#include <tessera/network/state.hpp>
#include <tessera/network/structure.hpp>
#include <tessera/network/weights.hpp>
