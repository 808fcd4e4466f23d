// SPDX-License-Identifier: BSD-3-Clause
// What a program shows while it trains: how far it is, and a line an epoch.
#pragma once
#include <algorithm>
#include <cstdio>
#include <string>

#include <tessera/io/number_text.hpp>
#include <tessera/io/status_line.hpp>
#include <tessera/training/callbacks.hpp>

namespace tessera {

/// "epoch 3/40 [########------------]  41%  617 images/s  loss 0.00253  ETA 1:02:03": where an
/// epoch is, as much of it as fits; the time is that of all that is left to train, by the speed of
/// this epoch.
inline std::string progress_line(const StepReport& report, int columns = 120) {
  const double done =
      report.batches ? static_cast<double>(report.batch) / static_cast<double>(report.batches) : 1;
  const double epoch_seconds = done > 0 ? report.seconds / done : 0;
  const std::string epoch =
      "epoch " + std::to_string(report.epoch) + '/' + std::to_string(report.epochs) + ' ';
  const std::string left =
      "  ETA " + duration_text(epoch_seconds * (report.epochs - report.epoch + 1 - done));
  char percent[16];
  std::snprintf(percent, sizeof percent, " %3d%%", static_cast<int>(100 * done));
  const std::string speed =
      "  " + detail::number_text(report.images_per_second, 0) + " images/s";
  const std::string loss = "  loss " + detail::number_text(report.loss, 5);
  for (const std::string& line :
       {epoch + bar_text(done, 20) + percent + speed + loss + left,
        epoch + bar_text(done, 8) + percent + speed + loss + left,
        epoch + bar_text(done, 8) + percent + loss + left, epoch + percent + loss + left,
        epoch + bar_text(done, 6) + percent + left, epoch + percent + left})
    if (static_cast<int>(line.size()) <= columns) return line;
  return (epoch + percent).substr(0, static_cast<std::size_t>(std::max(columns, 0)));
}

/// "epoch 3/40 seconds 16.2 images_per_second 617 train_loss 0.00253 test_mse 0.00200
/// hole_mse 0.01210": the line that an epoch leaves, with the names that files have. What was not
/// measured is left out.
inline std::string epoch_line(const EpochReport& report) {
  std::string line = "epoch " + std::to_string(report.epoch) + "/" + std::to_string(report.epochs) +
                     " seconds " + detail::number_text(report.seconds, 1) + " images_per_second " +
                     detail::number_text(report.images_per_second, 0);
  const auto add = [&](const std::string& name, double value) {
    if (value != value) return;
    line += " " + name + " " + detail::number_text(value, 5);
  };
  for (const auto& [name, value] : report.losses) add("train_" + name, value);
  if (report.validation) {
    add("validation_mse", report.validation->mse);
    add("validation_hole_mse", report.validation->hole_mse);
  }
  if (report.test) {
    add("test_mse", report.test->mse);
    add("hole_mse", report.test->hole_mse);
  }
  return line;
}

/// Writes the line of each epoch to `lines`, and to `status` how far it is: see StatusLine. Call it
/// as on_step, on_evaluation and on_epoch. A null stream is written nothing.
class Progress {
 public:
  explicit Progress(std::FILE* lines, std::FILE* status = nullptr)
      : lines_(lines), status_(status) {}

  void operator()(const StepReport& report) {
    status_.show([&](int columns) { return progress_line(report, columns); });
  }
  void operator()(const EvaluationReport& report) {
    status_.show_count("epoch " + std::to_string(report.epoch) + '/' +
                           std::to_string(report.epochs) + ' ' + report.set,
                       report.done, report.images);
  }
  void operator()(const EpochReport& report) {
    status_.clear();
    if (!lines_) return;
    std::fprintf(lines_, "%s\n", epoch_line(report).c_str());
    std::fflush(lines_);
  }
  /// For what comes before and between: reading, measuring.
  StatusLine& status() { return status_; }

 private:
  std::FILE* lines_;
  StatusLine status_;
};

}  // namespace tessera
