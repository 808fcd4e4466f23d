// SPDX-License-Identifier: BSD-3-Clause
// Optimisers and learning-rate schedules.
#pragma once
#include <tessera/optimizers/algorithms.hpp>
#include <tessera/optimizers/optimizer.hpp>
#include <tessera/optimizers/optimizer_text.hpp>
#include <tessera/optimizers/schedule.hpp>
#include <tessera/optimizers/step_settings.hpp>
