// SPDX-License-Identifier: BSD-3-Clause
// The page that a training run leaves: one self-contained HTML file without scripts.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <ctime>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tessera/data/image_writer.hpp>
#include <tessera/io/file.hpp>
#include <tessera/io/status_line.hpp>
#include <tessera/tensor/finite.hpp>
#include <tessera/training/callbacks.hpp>
#include <tessera/training/detail/svg_chart.hpp>
#include <tessera/training/samples.hpp>
#include <tessera/version.hpp>

namespace tessera {
namespace detail {

inline constexpr const char* report_style = R"(
:root { color-scheme: light; }
body { font: 16px/1.45 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 0 auto;
  padding: 1rem; max-width: 46rem; }
h1 { font-size: 1.6rem; margin: .3rem 0; } h2 { font-size: 1.15rem; margin: 1.8rem 0 .5rem; }
p, figcaption { color: #555; margin: .3rem 0; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .6rem;
  margin: 1rem 0; }
dl div { background: #f3f5f7; border-radius: .4rem; padding: .5rem .7rem; }
dt { color: #555; font-size: .85rem; overflow-wrap: anywhere; } dd { margin: 0; font-size: 1.15rem; }
figure { margin: 0; } img { width: 100%; image-rendering: pixelated; }
.columns { display: grid; grid-template-columns: repeat(3, 1fr); text-align: center; }
svg { width: 100%; min-width: 32rem; height: auto; font: 13px system-ui, sans-serif; fill: #333; }
.grid { stroke: #e2e2e2; } .axis { stroke: #777; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #e2e2e2; text-align: right;
  white-space: nowrap; }
.texts th, .texts td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.texts th { white-space: nowrap; font-weight: 600; }
tr.best td { background: #e8f5e9; }
)";

inline std::string report_charts(const History& history) {
  const std::vector<double>* const epochs = history.find("epoch");
  if (!epochs || history.rows == 0) return "";
  std::string out;
  const auto chart = [&](const std::string& title, const auto& wanted, bool logarithmic = true) {
    std::vector<ChartLine> lines;
    for (const auto& [name, values] : history.columns)
      if (wanted(std::string_view(name))) lines.push_back({name, values});
    if (lines.empty()) return;
    out += "<h2>" + html_text(title) + "</h2>\n<div class='scroll'>" +
           svg_chart(title, "epoch", *epochs, lines, logarithmic) + "</div>\n";
  };
  using Name = std::string_view;
  chart("Training loss", [](Name n) { return n == "train_loss"; });  // of a scale of its own
  chart("Mean squared error over the whole image",
        [](Name n) { return n == "validation_mse" || n == "test_mse"; });
  const auto terms = std::count_if(history.columns.begin(), history.columns.end(),
                                   [](const auto& c) { return c.name.starts_with("train_"); });
  if (terms > 2)  // the total, and more than one term
    chart("Terms of the loss", [](Name n) { return n.starts_with("train_"); });
  chart("Error in the holes", [](Name n) { return n == "validation_hole_mse" || n == "hole_mse"; });
  chart(
      "PSNR in dB", [](Name n) { return n == "validation_psnr" || n == "test_psnr"; }, false);
  if (const auto* rates = history.find("learning_rate"))
    if (std::any_of(rates->begin(), rates->end(), [&](double r) { return r != rates->front(); }))
      chart(
          "Learning rate", [](Name n) { return n == "learning_rate"; }, false);
  return out;
}

/// At most about 50 rows, the best and the last among them.
inline std::string report_table(const History& history, int best_epoch) {
  const std::size_t every = (history.rows + 49) / 50;
  std::string out = "<h2>Epochs</h2>\n";
  if (every > 1)
    out += "<p>One of " + std::to_string(every) + " epochs; metrics.csv has all.</p>\n";
  out += "<div class='scroll'><table>\n<tr>";
  for (const auto& column : history.columns) out += "<th>" + html_text(column.name) + "</th>";
  out += "</tr>\n";
  for (std::size_t row = 0; row < history.rows; ++row) {
    const bool best = static_cast<int>(row) + 1 == best_epoch;
    if ((row + 1) % every != 0 && row + 1 != history.rows && row != 0 && !best) continue;
    out += best ? "<tr class='best'>" : "<tr>";
    for (const auto& [name, values] : history.columns) {
      const bool whole = name == "epoch" || name == "step";
      const double v = values[row];
      out += "<td>" + (is_nan(v) ? "" : whole ? number_text(v) : short_number(v)) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

}  // namespace detail

namespace detail {

/// "Trained in 1:02:03 with Tessera 0.1.0; page of 2026-12-01 02:59 UTC."
inline std::string report_origin(const EpochReport& report) {
  std::string out;
  if (const auto* seconds = report.history ? report.history->find("seconds") : nullptr) {
    double sum = 0;
    for (const double s : *seconds)
      if (s == s) sum += s;
    out = "Trained in " + duration_text(sum) + " with ";
  }
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &utc);
  return out + "Tessera " + std::to_string(TESSERA_VERSION_MAJOR) + '.' +
         std::to_string(TESSERA_VERSION_MINOR) + '.' + std::to_string(TESSERA_VERSION_PATCH) +
         "; page of " + date + '.';
}

}  // namespace detail

/// The page: final figures, curves, samples (a PNG file's bytes; none: no picture), configuration,
/// epochs. Every text is escaped.
inline std::string report_html(const std::string& title, const EpochReport& report,
                               std::span<const std::byte> samples_png) {
  const std::string heading = html_text(title);
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      heading + "</title>\n<style>" + detail::report_style + "</style>\n</head>\n<body>\n<h1>" +
      heading + "</h1>\n<p>After epoch " + std::to_string(report.epoch) + " of " +
      std::to_string(report.epochs) + ", " + std::to_string(report.step) + " steps" +
      (report.best_epoch > 0
           ? "; the best by validation is epoch " + std::to_string(report.best_epoch) +
                 ", in best.safetensors, whose figures these are"
           : "") +
      ".</p>\n<p>" + detail::report_origin(report) + "</p>\n<dl>\n";
  const auto best = static_cast<std::size_t>(std::max(report.best_epoch, 0));
  for (auto [name, value] : figures(report)) {
    if (const auto* column = report.history ? report.history->find(name) : nullptr;
        column && best > 0 && best <= column->size())
      value = (*column)[best - 1];
    out += "<div><dt>" + html_text(name) + "</dt><dd>" + short_number(value) + "</dd></div>\n";
  }
  out += "<div><dt>images per second</dt><dd>" +
         short_number(std::round(report.images_per_second)) + "</dd></div>\n</dl>\n";
  if (!samples_png.empty())
    out +=
        "<h2>Samples</h2>\n<figure><div class='columns'><span>masked</span><span>restored</span>"
        "<span>truth</span></div>\n<img src=\"data:image/png;base64," +
        base64(samples_png) +
        "\" alt=\"masked, restored and true images side by side\">\n<figcaption>Holes are "
        "magenta.</figcaption>"
        "</figure>\n";
  if (report.history) out += detail::report_charts(*report.history);
  if (report.configuration) {
    out += "<h2>Configuration</h2>\n<div class='scroll'><table class='texts'>\n";
    for (const auto& [name, text] : *report.configuration)
      out += "<tr><th>" + html_text(name) + "</th><td>" + html_text(text) + "</td></tr>\n";
    out += "</table></div>\n";
  }
  if (report.history) out += detail::report_table(*report.history, report.best_epoch);
  return out + "</body>\n</html>\n";
}

/// An on_epoch callback that keeps report.html, and with FitOptions::samples also samples.png, in a
/// folder:
///
///     trainer.fit(data, {.out = "run", .samples = 8, .on_epoch = RunReport("run", "My network")});
class RunReport {
 public:
  RunReport(std::filesystem::path folder, std::string title)
      : folder_(std::move(folder)), title_(std::move(title)) {}

  /// Errors: FileError
  void operator()(const EpochReport& report) const {
    std::vector<std::byte> png;
    if (report.samples) {
      png = encode_png(to_image(sample_grid(*report.samples).view()));
      write_file_atomically(folder_ / "samples.png", {std::span<const std::byte>(png)});
    }
    write_file_atomically(folder_ / "report.html", report_html(title_, report, png));
  }

 private:
  std::filesystem::path folder_;
  std::string title_;
};

}  // namespace tessera
