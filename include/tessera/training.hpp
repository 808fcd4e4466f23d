// SPDX-License-Identifier: BSD-3-Clause
// Trainers, checkpoints, metrics, reports.
#pragma once
#include <tessera/training/callbacks.hpp>
#include <tessera/training/checkpoint.hpp>
#include <tessera/training/gan_step.hpp>
#include <tessera/training/hole_buckets.hpp>
#include <tessera/training/metrics.hpp>
#include <tessera/training/progress.hpp>
#include <tessera/training/report.hpp>
#include <tessera/training/run_folder.hpp>
#include <tessera/training/samples.hpp>
#include <tessera/training/ssim.hpp>
#include <tessera/training/stop_on_signals.hpp>
#include <tessera/training/trainer.hpp>
