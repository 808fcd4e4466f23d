// SPDX-License-Identifier: BSD-3-Clause
// The face every training program shares: options, progress, what is left in --out, Ctrl-C, the
// last line of JSON, errors as one sentence.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <tessera/training/callbacks.hpp>

#include "devices.hpp"

/// Command line of a training program. Defaults are the recipe's.
struct ProgramOptions : DeviceOptions {
  std::string data = "data/cifar10", out = "runs/model", schedule = "constant";
  int epochs = 100, batch = 100, workers = 0;
  std::size_t limit = 0, validation = 0;
  std::uint64_t seed = 7;
  bool resume = false, overwrite = false;
};

/// Parses the command line and runs the program. Exit status: 0 done, 1 the work failed, 2 wrong
/// use, 130 stopped by Ctrl-C (143 by SIGTERM); what went wrong is one sentence on stderr. After a
/// first signal the step is finished and saved; a second one ends the program at once.
int run_program(const std::string& description, ProgramOptions options, int argc, char** argv,
                const std::function<void(const ProgramOptions&)>& program);

/// What the options ask of Trainer::fit: also files, progress on the terminal, the report's page
/// with eight samples, and to stop at Ctrl-C. `system` names the network in the files.
tessera::FitOptions fit_options(const std::string& system, const ProgramOptions& options);

/// The last line of a training program; to be called with what `fit` returned. A training run that was
/// stopped prints no result: run_program says how to go on.
void print_result(const std::string& system, const tessera::EpochReport& report, double seconds);
