// SPDX-License-Identifier: BSD-3-Clause
// A file of its own, so that the command line, the report and the PNG writer are compiled once and
// not with every program.
#include "program.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include <tessera/io/json.hpp>
#include <tessera/training/progress.hpp>
#include <tessera/training/report.hpp>
#include <tessera/training/stop_on_signals.hpp>

#include <tessera/training/run_folder.hpp>
#include "command_line.hpp"
#include "run_cli.hpp"

namespace {

/// Refuses whole numbers below `low` or above `high`, in words.
CLI::Validator at_least(long low, long high = std::numeric_limits<long>::max()) {
  return CLI::Validator(
      [low, high](std::string& text) -> std::string {
        char* end = nullptr;
        const long value = std::strtol(text.c_str(), &end, 10);
        if (end != text.c_str() && *end == 0 && value >= low && value <= high) return "";
        return "expected a whole number of at least " + std::to_string(low) +
               (high < std::numeric_limits<long>::max() ? " and at most " + std::to_string(high)
                                                        : "") +
               ", got " + text;
      },
      "");
}

}  // namespace

int run_program(const std::string& description, ProgramOptions options, int argc, char** argv,
                const std::function<void(const ProgramOptions&)>& program) {
  CLI::App app(description);
  app.option_defaults()->always_capture_default();
  app.add_option("--data", options.data, "folder of the training data");
  app.add_option("--out", options.out,
                 "folder for weights, checkpoint, metrics.csv, samples.png and report.html");
  app.add_option("--epochs", options.epochs, "passes over the training images, in all")
      ->check(at_least(1));
  app.add_option("--batch", options.batch, "images in one step")->check(at_least(1));
  app.add_option("--limit", options.limit, "training images to use; 0: all of them")
      ->check(at_least(0));
  app.add_option("--validation", options.validation,
                 "images behind those to hold out and choose best.safetensors by; 0: none")
      ->check(at_least(0));
  app.add_option("--schedule", options.schedule, "of the learning rate: constant, or cosine to 0")
      ->check(CLI::IsMember({"constant", "cosine"}));
  app.add_option("--seed", options.seed, "of initial weights, order and masks");
  app.add_option("--threads", options.threads, "0: one for each core")
      ->check(at_least(0, most_threads));
  app.add_option("--workers", options.workers, "threads that read images ahead")
      ->check(at_least(0, most_threads));
  app.add_option("--device", options.device, device_texts[0])
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}));
  app.add_option("--products", options.products, device_texts[1])
      ->check(CLI::IsMember(product_names));
  app.add_option("--convolutions", options.convolutions, device_texts[2])
      ->check(CLI::IsMember(convolution_names));
  const auto* resume =
      app.add_flag("--resume", options.resume, "go on from the checkpoint in --out, bit by bit");
  app.add_flag("--overwrite", options.overwrite, "replace the training that is in --out")
      ->excludes(const_cast<CLI::Option*>(resume));
  app.add_flag("--quiet", options.quiet, "show nothing but the result and errors");
  const int status = run_cli(app, argc, argv, [&] {
    tessera::check_folder_writable(options.out);
    tessera::stop_on_signals();
    program(options);
  });
  return status == 0 && tessera::stop_signal() ? 128 + tessera::stop_signal() : status;
}

tessera::FitOptions fit_options(const std::string& system, const ProgramOptions& options) {
  const auto progress = options.quiet ? std::make_shared<tessera::Progress>(nullptr)
                                      : std::make_shared<tessera::Progress>(stdout, stderr);
  const tessera::RunReport page(options.out, system);
  tessera::FitOptions fit;
  fit.epochs = options.epochs;
  fit.batch_size = options.batch;
  fit.seed = tessera::Seed{options.seed};
  if (options.schedule == "cosine") fit.schedule = tessera::Schedule::cosine(options.epochs);
  fit.workers = options.workers;
  fit.out = options.out;
  fit.resume = options.resume;
  fit.overwrite = options.overwrite;
  fit.system = system;
  fit.samples = 8;
  fit.on_step = [progress](const tessera::StepReport& report) { (*progress)(report); };
  fit.on_evaluation = [progress](const tessera::EvaluationReport& report) { (*progress)(report); };
  fit.on_epoch = [progress, page](const tessera::EpochReport& report) {
    (*progress)(report);
    page(report);
  };
  fit.stop = [] { return tessera::stop_signal() != 0; };
  return fit;
}

void print_result(const std::string& system, const tessera::EpochReport& report, double seconds) {
  if (report.stopped) {
    std::fprintf(stderr,
                 "stopped and saved after step %lld, in epoch %d of %d; the same command with "
                 "--resume goes on\n",
                 static_cast<long long>(report.step), report.epoch, report.epochs);
    return;
  }
  tessera::JsonLine line;
  line.add("system", system)
      .add("epochs", report.epoch)
      .add("steps", report.step)
      .add("seconds", seconds);
  line.add("images_per_second", report.images_per_second);
  for (const auto& [name, value] : tessera::figures(report)) line.add(name, value);
  if (report.best_epoch > 0) line.add("best_epoch", report.best_epoch);
  std::printf("%s\n", line.str().c_str());
}
