// SPDX-License-Identifier: BSD-3-Clause
// What is written does not follow the program's locale: files, reports, lines, messages and kernels
// are the same bytes where the decimal point is a comma.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <tessera/data/hole_share.hpp>
#include <tessera/data/patches.hpp>
#include <tessera/data/rectangle_masks.hpp>
#include <tessera/data/split.hpp>
#include <tessera/io/json.hpp>
#include <tessera/io/number_text.hpp>
#include <tessera/network/describe.hpp>
#include <tessera/tensor/text_names.hpp>
#include <tessera/training/progress.hpp>
#include <tessera/training/report.hpp>

#include "../comma_locale.hpp"
#include "tiny_training.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

std::string message_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// A pointwise function with constants, as layers have them.
struct Functor {
  static constexpr double parameter = 0.01, lowest = -1234.5, highest = 1e300;
  TESSERA_CONSTANTS(parameter, lowest, highest)
  static constexpr const char* text = "";
};

/// Every text that holds a number which is not whole.
std::vector<std::string> texts() {
  std::vector<std::string> all;
  all.push_back(Functor::constants());
  for (const double number : {0.5, -1234567.25, 1e-7, 1e300}) {
    all.push_back(detail::number_text(number));
    all.push_back(detail::number_text(number, 5));
    all.push_back(json_number(number));
  }
  all.push_back(JsonLine().add("seconds", 1234.5).add("loss", 0.25f).str());
  History history;
  history.add({{"epoch", 1}, {"seconds", 1234.5}, {"train_loss", 0.00125}});
  history.add({{"epoch", 1000}, {"seconds", 1.5}, {"train_loss", 1e-9}});
  all.push_back(metrics_csv(history));
  EpochReport report;
  report.epoch = report.epochs = 1000;
  report.seconds = 1234.56;
  report.images_per_second = 12345.6;
  report.losses = {{"loss", 0.00125}};
  report.validation = report.test = Metrics{};
  report.test->mse = 0.0025;
  report.history = std::make_shared<const History>(history);
  report.configuration = std::make_shared<const Configuration>(Configuration{{"rate", "0.5"}});
  all.push_back(epoch_line(report));
  all.push_back(report_html("a title", report, {}));
  all.push_back(progress_line({3, 4000, 41, 100, 241, 0.00253, 0.01, 6.6, 6170.4}));
  all.push_back(describe(TinyNet::structure));
  std::uint8_t hole[4];
  RandomStream random(Seed{1}, 0);
  all.push_back(message_of([] { Length::share(1.5).of(8); }));
  all.push_back(message_of([] { detail::split_count(10, 1.5); }));
  all.push_back(message_of([&] {
    HoleShare<RectangleMasks> masks{.masks = {}, .low = 0.75, .high = 0.25};
    masks.draw(random, {hole, 1, 2, 2});
  }));
  all.push_back(message_of([] { RandomPatches(PhotographSet(), 2, 2, 1, {.min_scale = 2.5}); }));
  return all;
}

/// The weights and the numbers of a training run of three epochs that is resumed after the first.
std::vector<std::string> training_run() {
  const TemporaryFolder folder;
  tiny_training({.epochs = 1, .out = folder.path()});
  tiny_training({.epochs = 3, .out = folder.path(), .resume = true});
  std::vector<std::string> all;
  for (const char* const name : {"model.safetensors", "best.safetensors"}) {
    const auto bytes = read_file(folder / name, 1 << 20);
    all.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  const auto csv = read_file(folder / "metrics.csv", 1 << 20);
  const std::string text(reinterpret_cast<const char*>(csv.data()), csv.size());
  all.push_back(text.substr(0, text.find('\n')));
  all.push_back(std::to_string(std::ranges::count(text, ',')));  // speeds differ, columns not
  return all;
}

}  // namespace

TEST_CASE("the same texts where the decimal point is a comma") {
  const std::vector<std::string> expected = texts();
  const CommaLocale comma;
  const std::vector<std::string> found = texts();
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == expected[i]);
}

TEST_CASE("the same training run, resumed, where the decimal point is a comma") {
  const std::vector<std::string> expected = training_run();
  const CommaLocale comma;
  CHECK(training_run() == expected);
}

TEST_CASE("constants in kernels are exact hexadecimal literals") {
  using pointwise::detail::exact_text;
  for (const double value : {0.0, -0.0, 1.0, 0.01, -1234.5, 1e300, 4.9e-324, 0.1f + 0.0}) {
    const std::string text = exact_text(value);
    CHECK(text.starts_with(std::signbit(value) ? "-0x" : "0x"));
    CHECK(std::stod(text) == value);
  }
  CHECK(exact_text(1.5) == "0x1.8p+0");
  CHECK(exact_text(-0.0) == "-0x0p+0");
}

TEST_CASE("numbers with a number of digits are printf's in the C locale") {
  for (const double value : {0.0, -0.0, 0.5, 1.5, 2.5, 0.00253, 1e-9, -1234567.25, 1e22, 1e300}) {
    char text[512];
    for (const int digits : {0, 1, 5, 6}) {
      std::snprintf(text, sizeof text, "%.*f", digits, value);
      CHECK(detail::number_text(value, digits) == text);
      std::snprintf(text, sizeof text, "%.*e", digits, value);
      CHECK(detail::number_text(value, digits, std::chars_format::scientific) == text);
      std::snprintf(text, sizeof text, "%.*g", digits, value);
      CHECK(detail::number_text(value, digits, std::chars_format::general) == text);
    }
  }
}
