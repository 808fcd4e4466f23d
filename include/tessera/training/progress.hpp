// SPDX-License-Identifier: BSD-3-Clause
// What a program shows while it trains: a bar that is drawn again and again, or a line an epoch.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include <tessera/training/callbacks.hpp>

namespace tessera {

/// "epoch 3/40 [########------------]  41%  617 images/s  loss 0.00253  ETA 1:02:03": where an
/// epoch is; the time is that of all that is left to train, by the speed of this epoch.
inline std::string progress_line(const StepReport& report) {
  constexpr int cells = 20;
  const double done =
      report.batches ? static_cast<double>(report.batch) / static_cast<double>(report.batches) : 1;
  const int full = static_cast<int>(done * cells);
  const double epoch_seconds = done > 0 ? report.seconds / done : 0;
  const auto left =
      static_cast<long>(epoch_seconds * (report.epochs - report.epoch + 1 - done) + 0.5);
  const std::string bar = std::string(static_cast<std::size_t>(full), '#') +
                          std::string(static_cast<std::size_t>(cells - full), '-');
  char text[256];
  std::snprintf(text, sizeof text, "epoch %d/%d [%s] %3d%%  %.0f images/s  loss %.5f  ETA ",
                report.epoch, report.epochs, bar.c_str(), static_cast<int>(100 * done),
                report.images_per_second, report.loss);
  char time[64];
  if (left >= 3600)
    std::snprintf(time, sizeof time, "%ld:%02ld:%02ld", left / 3600, left / 60 % 60, left % 60);
  else std::snprintf(time, sizeof time, "%ld:%02ld", left / 60, left % 60);
  return std::string(text) + time;
}

/// "epoch 3/40 seconds 16.2 images_per_second 617 train_loss 0.00253 test_mse 0.00200
/// hole_mse 0.01210": the line that an epoch leaves, with the names that files have. What was not
/// measured is left out.
inline std::string epoch_line(const EpochReport& report) {
  char text[256];
  std::snprintf(text, sizeof text, "epoch %d/%d seconds %.1f images_per_second %.0f", report.epoch,
                report.epochs, report.seconds, report.images_per_second);
  std::string line = text;
  const auto add = [&](const std::string& name, double value) {
    if (value != value) return;
    std::snprintf(text, sizeof text, " %.5f", value);
    line += " " + name + text;
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

/// Writes the line of each epoch to `lines`, and where `bar` is given (a terminal) draws the bar
/// there, a few times a second. Call it as on_step and on_epoch.
class Progress {
 public:
  explicit Progress(std::FILE* lines, std::FILE* bar = nullptr) : lines_(lines), bar_(bar) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void operator()(const StepReport& report) {
    using namespace std::chrono_literals;
    const auto now = std::chrono::steady_clock::now();
    if (!bar_ || (drawn_ && now - last_ < 200ms)) return;
    last_ = now;
    drawn_ = true;
    std::fprintf(bar_, "\r%s\x1b[K",
                 progress_line(report).c_str());  // the rest of the line: erased
    std::fflush(bar_);
  }
  void operator()(const EpochReport& report) {
    clear();
    std::fprintf(lines_, "%s\n", epoch_line(report).c_str());
    std::fflush(lines_);
  }
  /// Takes the bar away, before something else is written.
  void clear() {
    if (!drawn_) return;
    std::fprintf(bar_, "\r\x1b[K");
    std::fflush(bar_);
    drawn_ = false;
  }

 private:
  std::FILE* lines_;
  std::FILE* bar_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace tessera
