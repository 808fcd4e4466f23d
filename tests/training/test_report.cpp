// SPDX-License-Identifier: BSD-3-Clause
// What a training run leaves to look at: metrics.csv, the chart, the grid of samples, the page, the
// progress line.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <tessera/training/progress.hpp>
#include <tessera/training/report.hpp>

#include "../temporary_folder.hpp"

using namespace tessera;

namespace {

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++n;
  return n;
}
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

EpochReport report_of(int epochs) {
  EpochReport report;
  History history;
  for (int e = 1; e <= epochs; ++e) {
    report.epoch = report.epochs = e;
    report.step = 10 * e;
    report.losses = {{"loss", 1.0 / e}, {"<b>", 2.0 / e}, {"c", 3.0 / e}};
    report.validation = report.test = Metrics{};
    report.validation->mse = report.test->mse = 1.0 / e;
    report.best_epoch = 2;
    detail::add_to_history(history, report);
  }
  report.history = std::make_shared<const History>(history);
  report.configuration = std::make_shared<const Configuration>(
      Configuration{{"system", "<script>alert('x')</script>"}, {"bytes", "\xFF\x01\""}});
  return report;
}

}  // namespace

TEST_CASE("metrics.csv: numbers read back exactly, names are escaped, NaN is empty") {
  History history;
  const double third = 1.0 / 3, tiny = 4.9e-324;
  history.add({{"epoch", 1}, {"a,\"b\"", third}, {"c", infinity}});
  history.add({{"epoch", 100000}, {"c", -0.0}, {"new\nline", tiny}});
  history.add({{"epoch", 1e16}, {"c", not_a_number}});
  const std::string csv = metrics_csv(history);
  CHECK(csv ==
        "epoch,\"a,\"\"b\"\"\",c,\"new\nline\"\n"
        "1,0.3333333333333333,inf,\n"
        "100000,,-0,5e-324\n"
        "1e+16,,,\n");
  CHECK(std::stod("0.3333333333333333") == third);
  CHECK(metrics_csv(History{}) == "\n");
}

TEST_CASE("axes have round ticks that cover the values") {
  using detail::ChartAxis;
  CHECK(ChartAxis::over(0.3, 9.7, 5, false).ticks == std::vector<double>{0, 2, 4, 6, 8, 10});
  CHECK(ChartAxis::over(-3, 3, 5, true).ticks == std::vector<double>{-4, -2, 0, 2, 4});
  const auto decades = ChartAxis::over(0.0011, 0.9, 5, true);
  CHECK(decades.logarithmic);
  CHECK(decades.low == doctest::Approx(0.001));
  CHECK(decades.high == doctest::Approx(1));
  CHECK(decades.place(decades.low) == 0);
  CHECK(decades.place(decades.high) == doctest::Approx(1));
  CHECK(decades.place(std::sqrt(0.001)) == doctest::Approx(0.5));
  CHECK(ChartAxis::over(0.0021, 0.09, 5, true).ticks.size() == 6);  // 0.002 0.005 ... 0.1
  CHECK(!ChartAxis::over(0.0011, 0.9, 5, false).logarithmic);
  CHECK(!ChartAxis::over(0, 0.9, 5, true).logarithmic);
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{
           {5, 5}, {0, 0}, {-2, -2}, {1e-299, 1e299}, {1e300, 1.0001e300}, {1, 0}, {4e-324, 1}}) {
    const ChartAxis axis = ChartAxis::over(low, high, 5, true);
    CAPTURE(low);
    CHECK(axis.ticks.size() >= 2);
    CHECK(axis.ticks.size() <= 12);
    CHECK(axis.low < axis.high);
    CHECK(std::isfinite(axis.place(low)));
    if (low <= high) {
      CHECK(axis.place(low) >= -1e-9);
      CHECK(axis.place(high) <= 1 + 1e-9);
    }
  }
}

TEST_CASE("a chart has a path for each line, gaps where values are not finite, escaped names") {
  const std::vector<double> x{1, 2, 3, 4, 5};
  const std::string svg =
      svg_chart("<t>", "epoch", x,
                {{"a&b", {1, not_a_number, 3, 4, infinity}},
                 {"none", {not_a_number, not_a_number, not_a_number, not_a_number, not_a_number}}});
  CHECK(count(svg, "<path") == 1);
  CHECK(count(svg, "<circle") == 1);  // the value before the gap stands alone
  CHECK(count(svg, "M") == 2);
  CHECK(count(svg, "a&amp;b") == 1);
  CHECK(count(svg, "<t>") == 0);
  CHECK(svg.find("nan") == svg.npos);
  CHECK(svg.find("inf") == svg.npos);
  CHECK_THROWS_WITH_AS(svg_chart("t", "x", x, {{"a", {1}}}),
                       "svg_chart: expected 5 values of a, got 1", ArgumentError);
  CHECK(svg_chart("t", "epoch", {}, {}).find("</svg>") != std::string::npos);
}

TEST_CASE("the grid: masked with holes in magenta, restored, truth; a row an image") {
  Samples samples{Tensor<float>(2, {3, 2, 1}), Tensor<float>(2, {3, 2, 1}),
                  Buffer<std::uint8_t>(12)};
  for (std::size_t i = 0; i < 12; ++i) {
    samples.truth.data()[i] = static_cast<float>(i) / 12;
    samples.restored.data()[i] = 0.5f;
    samples.hole[i] = i == 7;
  }
  const Tensor<float> grid = sample_grid(samples);
  const int zoom = 32, gap = 4;  // 96 / 3
  REQUIRE(grid.shape() == Shape{2 * (3 * zoom + gap) + gap, 3 * (2 * zoom + gap) + gap, 3});
  const auto pixel = [&](int n, int column, int y, int x) {
    const float* p = grid.view().pixel(0, gap + n * (3 * zoom + gap) + y * zoom + zoom - 1,
                                       gap + column * (2 * zoom + gap) + x * zoom);
    return std::vector<float>(p, p + 3);
  };
  for (int n = 0; n < 2; ++n)
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 2; ++x) {
        const int i = n * 6 + y * 2 + x;
        const float v = static_cast<float>(i) / 12;
        CHECK(pixel(n, 0, y, x) ==
              (i == 7 ? std::vector<float>{1, 0, 1} : std::vector<float>{v, v, v}));
        CHECK(pixel(n, 1, y, x) == std::vector<float>{0.5f, 0.5f, 0.5f});
        CHECK(pixel(n, 2, y, x) == std::vector<float>{v, v, v});
      }
  CHECK(grid.view()(0, 0, 0, 0) == 1);
  samples.hole = Buffer<std::uint8_t>(11);
  CHECK_THROWS_WITH_AS(sample_grid(samples),
                       "sample_grid: expected truth, restored and holes of the same images, got 2 "
                       "of 3x2x1, 2 of 3x2x1 and holes of 11 pixels",
                       ShapeError);
}

TEST_CASE("base64 and escaping") {
  CHECK(base64(bytes_of("")) == "");
  CHECK(base64(bytes_of("f")) == "Zg==");
  CHECK(base64(bytes_of("fo")) == "Zm8=");
  CHECK(base64(bytes_of("foobar")) == "Zm9vYmFy");
  CHECK(base64(bytes_of("\xFF\xFE\xFD")) == "//79");
  CHECK(html_text("<a href=\"x\">'&'</a>\x01\xC3\xA9\xFF") ==
        "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD");
}

TEST_CASE("the page is whole, without scripts and without foreign addresses") {
  const EpochReport report = report_of(120);
  const std::string page = report_html("a <title>", report, bytes_of("png"));
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.ends_with("</html>\n"));
  CHECK(count(page, "<script") == 0);
  CHECK(count(page, "http") == 0);
  CHECK(count(page, "<b>") == 0);
  CHECK(count(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") == 1);
  CHECK(count(page, "src=\"data:image/png;base64,cG5n\"") == 1);
  CHECK(count(page, "<svg") == 5);  // whole image, terms, holes, PSNR; the rate never changed
  CHECK(count(page, "a &lt;title&gt;") == 2);
  CHECK(count(page, "tr class='best'") == 1);
  const int rows = count(page, "<tr><td>") + count(page, "<tr class='best'><td>");
  CHECK(rows == 42);  // one of three, and the first and the best
  for (const char* tag : {"div", "table", "tr", "td", "th", "dl", "dt", "dd", "svg", "text", "h2"})
    CHECK(count(page, std::string("<") + tag + ">") + count(page, std::string("<") + tag + " ") ==
          count(page, std::string("</") + tag + ">"));
  CHECK(count(report_html("t", EpochReport{}, {}), "<img") == 0);
}

TEST_CASE("RunReport writes the page and the picture") {
  const testing::TemporaryFolder folder;
  EpochReport report = report_of(3);
  const RunReport keep(folder.path(), "t");
  keep(report);
  CHECK(!std::filesystem::exists(folder / "samples.png"));
  report.samples = std::make_shared<const Samples>(
      Samples{Tensor<float>(1, {4, 4, 3}), Tensor<float>(1, {4, 4, 3}), Buffer<std::uint8_t>(16)});
  keep(report);
  CHECK(std::filesystem::file_size(folder / "samples.png") > 100);
  CHECK(std::filesystem::file_size(folder / "report.html") > 2000);
}

TEST_CASE("progress lines") {
  CHECK(progress_line({3, 40, 41, 100, 241, 0.00253, 0.01, 6.6, 617}) ==
        "epoch 3/40 [########------------]  41%  617 images/s  loss 0.00253  ETA 10:05");
  CHECK(progress_line({1, 1, 1, 1, 1, 0.5, 0.01, 4000, 1}) ==
        "epoch 1/1 [####################] 100%  1 images/s  loss 0.50000  ETA 0:00");
  CHECK(progress_line({1, 100, 1, 2, 1, 0.5, 0.01, 100, 1}).ends_with("ETA 5:31:40"));
  const StepReport widest{100, 100, 999, 1000, 99999, 12345.12345, 0.01, 99999, 123456};
  for (int columns = 0; columns <= 120; ++columns)
    for (const StepReport& step : {StepReport{3, 40, 41, 100, 241, 0.00253, 0.01, 6.6, 617}, widest}) {
      const std::string line = progress_line(step, columns);
      CHECK(line.size() <= static_cast<std::size_t>(columns));
      if (columns >= 39) CHECK(line.find("  ETA ") != line.npos);
      if (columns >= 79) CHECK(line.find("  loss ") != line.npos);
    }
  EpochReport report;
  report.epoch = 3;
  report.epochs = 40;
  report.seconds = 16.2;
  report.images_per_second = 617;
  report.losses = {{"loss", 0.00253}};
  report.test = Metrics{};
  report.test->mse = 0.002;
  report.test->hole_mse = 0.0121;
  CHECK(epoch_line(report) ==
        "epoch 3/40 seconds 16.2 images_per_second 617 train_loss 0.00253 test_mse 0.00200 "
        "hole_mse 0.01210");
}

TEST_CASE("the page's figures are those of the best epoch, and a loss has an axis of its own") {
  EpochReport report;
  History history;
  for (int epoch = 1; epoch <= 3; ++epoch) {
    report.epoch = report.epochs = epoch;
    report.losses = {{"loss", 100.0 + epoch}};
    report.seconds = 1800.0 * epoch;
    report.validation = Metrics{};
    report.validation->mse = epoch == 2 ? 0.125 : 0.5;
    detail::add_to_history(history, report);
  }
  report.best_epoch = 2;
  report.history = std::make_shared<const History>(history);
  const std::byte png[1]{};
  const std::string page = report_html("x", report, png);
  CHECK(page.find("<dt>validation_mse</dt><dd>0.125</dd>") != page.npos);
  CHECK(page.find("<dt>train_loss</dt><dd>102</dd>") != page.npos);
  CHECK(page.find("<p>Trained in 3:00:00 with Tessera ") != page.npos);
  CHECK(page.find(" UTC.</p>") != page.npos);
  CHECK(page.find("<h2>Training loss</h2>") != page.npos);
  CHECK(page.find("<h2>Mean squared error over the whole image</h2>") != page.npos);
  CHECK(page.find("<span>masked</span><span>restored</span><span>truth</span>") != page.npos);
  report.best_epoch = 0;  // without a validation set: the last epoch
  CHECK(report_html("x", report, png).find("<dt>validation_mse</dt><dd>0.5</dd>") != page.npos);
}
