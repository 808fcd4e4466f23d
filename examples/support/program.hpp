// SPDX-License-Identifier: BSD-3-Clause
// The face every program shares: options, progress lines, the last line of JSON, errors as one
// sentence.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <tessera/tensor/context.hpp>
#include <tessera/training/trainer.hpp>

/// Command line of a training program. Defaults are the recipe's.
struct ProgramOptions {
  std::string data = "data/cifar10", out = "runs/model", device = "cpu";
  int epochs = 100, batch = 100, threads = 0;
  std::size_t limit = 0;
  std::uint64_t seed = 7;

  tessera::Context<tessera::Cpu> context() const {
    return threads > 0 ? tessera::Context<tessera::Cpu>{threads}
                       : tessera::Context<tessera::Cpu>::all_cores();
  }
};

/// Parses the command line and runs the program. Exit status: 0 done, 1 the work failed, 2 wrong
/// use; what went wrong is one sentence on stderr.
int run_program(const std::string& description, ProgramOptions options, int argc, char** argv,
                const std::function<void(const ProgramOptions&)>& program);

/// "epoch 3/40 seconds 16.2 images_per_second 617 train_loss 0.00253 test_mse 0.00200
/// test_hole_mse 0.01210"
void print_progress(const tessera::EpochReport& report);

/// The last line of a training program.
void print_result(const std::string& system, const tessera::EpochReport& report, double seconds);
