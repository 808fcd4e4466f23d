// SPDX-License-Identifier: BSD-3-Clause
// A file of its own, so that the command-line library is compiled once and not with every program.
#include "program.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include <tessera/io/json.hpp>

namespace {

/// Refuses whole numbers below `low`, in words.
CLI::Validator at_least(long low) {
  return CLI::Validator(
      [low](std::string& text) -> std::string {
        char* end = nullptr;
        const long value = std::strtol(text.c_str(), &end, 10);
        if (end != text.c_str() && *end == 0 && value >= low) return "";
        return "expected a whole number of at least " + std::to_string(low) + ", got " + text;
      },
      "");
}

}  // namespace

int run_program(const std::string& description, ProgramOptions options, int argc, char** argv,
                const std::function<void(const ProgramOptions&)>& program) {
  CLI::App app(description);
  app.option_defaults()->always_capture_default();
  app.add_option("--data", options.data, "folder of the training data");
  app.add_option("--out", options.out, "folder for what the program writes");
  app.add_option("--epochs", options.epochs, "passes over the training images")->check(at_least(1));
  app.add_option("--batch", options.batch, "images in one step")->check(at_least(1));
  app.add_option("--limit", options.limit, "training images to use; 0: all of them");
  app.add_option("--seed", options.seed, "of initial weights, order and masks");
  app.add_option("--threads", options.threads, "0: one for each core")->check(at_least(0));
  app.add_option("--device", options.device, "cpu, or auto: the best there is")
      ->check(CLI::IsMember({"cpu", "auto"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "%s: %s; --help lists the options\n", argv[0], error.what());
    return 2;
  }
  try {
    program(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}

void print_progress(const tessera::EpochReport& report) {
  std::printf("epoch %d/%d seconds %.1f images_per_second %.0f", report.epoch, report.epochs,
              report.seconds, report.images_per_second);
  for (const auto& [name, value] : report.losses)
    std::printf(" train_%s %.5f", name.c_str(), value);
  if (report.test)
    std::printf(" test_mse %.5f test_hole_mse %.5f", report.test->mse, report.test->hole_mse);
  std::printf("\n");
  std::fflush(stdout);
}

void print_result(const std::string& system, const tessera::EpochReport& report, double seconds) {
  tessera::JsonLine line;
  line.add("system", system)
      .add("epochs", report.epoch)
      .add("steps", report.step)
      .add("seconds", seconds);
  line.add("images_per_second", report.images_per_second);
  for (const auto& [name, value] : report.losses) line.add("train_" + name, value);
  if (report.test)
    line.add("test_mse", report.test->mse)
        .add("hole_mse", report.test->hole_mse)
        .add("test_psnr", report.test->psnr());
  std::printf("%s\n", line.str().c_str());
}
