// SPDX-License-Identifier: BSD-3-Clause
// A training run that was interrupted and resumed ends with the bits of one that was not: weights,
// optimiser, metrics.csv; killed at any moment, stopped in the middle of an epoch, or by Ctrl-C.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "../temporary_folder.hpp"
#include "tiny_training.hpp"

using namespace tessera;
using testing::error_of;
using testing::TemporaryFolder;
using testing::tiny_training;
using testing::Trained;

namespace {

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}
void check_same(const Trained& a, const Trained& b) {
  CHECK(same_bits(a.parameters, b.parameters));
  CHECK(same_bits(a.statistics, b.statistics));
  CHECK(same_bits(a.first_moment, b.first_moment));
  CHECK(same_bits(a.second_moment, b.second_moment));
  CHECK(a.counter == b.counter);
  CHECK(a.optimizer_steps == b.optimizer_steps);
  CHECK(a.training_passes == b.training_passes);
  CHECK(a.report.best_epoch == b.report.best_epoch);
  CHECK(a.report.losses == b.report.losses);
  CHECK(a.report.validation->mse == b.report.validation->mse);
  CHECK(a.report.test->hole_mse == b.report.test->hole_mse);
}

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
/// metrics.csv without what a clock gave: the columns seconds and images_per_second.
std::string figures_of(const std::filesystem::path& folder) {
  std::istringstream lines(text_of(folder / "metrics.csv"));
  std::string out;
  for (std::string line; std::getline(lines, line); out += '\n') {
    std::istringstream fields(line);
    std::string field;
    for (int column = 0; std::getline(fields, field, ','); ++column)
      if (column != 2 && column != 3) out += field + ",";
  }
  return out;
}
void check_same_files(const std::filesystem::path& a, const std::filesystem::path& b) {
  CHECK(figures_of(a) == figures_of(b));
  CHECK(text_of(a / "model.safetensors") == text_of(b / "model.safetensors"));
  CHECK(text_of(a / "best.safetensors") == text_of(b / "best.safetensors"));
  for (const auto& entry : std::filesystem::directory_iterator(a))
    if (entry.path().filename().string().find(".tmp-") == std::string::npos)
      CHECK(std::filesystem::exists(b / entry.path().filename()));
}

constexpr int epochs = 6;

}  // namespace

TEST_CASE("stopped after every possible step, and resumed: the same bits") {
  const TemporaryFolder whole;
  const Trained expected = tiny_training({.epochs = epochs, .out = whole / "run"});
  for (const int after : {1, 3, 5, 6, 7, 12, 23, 36}) {  // six steps an epoch: also at their ends
    CAPTURE(after);
    const TemporaryFolder part;
    const int threads_that_read = after % 2;
    int steps = 0;
    const Trained stopped = tiny_training({.epochs = epochs,
                                           .workers = threads_that_read,
                                           .out = part / "run",
                                           .on_step = [&](const StepReport&) { ++steps; },
                                           .stop = [&] { return steps == after; }});
    CHECK(stopped.report.stopped);
    CHECK(stopped.report.step == after);
    CHECK(stopped.report.epoch == (after - 1) / 6 + 1);
    const Trained resumed = tiny_training({.epochs = epochs, .out = part / "run", .resume = true});
    CHECK(!resumed.report.stopped);
    check_same(expected, resumed);
    check_same_files(whole / "run", part / "run");
  }
}

TEST_CASE("dropout goes on where it was, whatever the seed of the model that resumes") {
  const TemporaryFolder whole, part;
  const Trained expected = tiny_training({.epochs = 3, .out = whole / "run"});
  CHECK(expected.training_passes == 18);
  tiny_training({.epochs = 1, .out = part / "run"});
  const FitOptions resume{.epochs = 3, .out = part / "run", .resume = true};
  check_same(expected, tiny_training(resume, 0.05, Seed{99}));
  check_same_files(whole / "run", part / "run");
}

TEST_CASE("epochs may be raised; a complete training tells its last epoch again") {
  const TemporaryFolder whole, part;
  const Trained expected = tiny_training({.epochs = 5, .out = whole / "run"});
  tiny_training({.epochs = 2, .out = part / "run"});
  check_same(expected, tiny_training({.epochs = 5, .out = part / "run", .resume = true}));
  check_same_files(whole / "run", part / "run");

  int told = 0;
  std::filesystem::remove(part / "run" / "metrics.csv");
  const Trained again =
      tiny_training({.epochs = 5,
                     .out = part / "run",
                     .resume = true,
                     .samples = 2,
                     .on_step = [](const StepReport&) { FAIL("a step was made"); },
                     .on_epoch =
                         [&](const EpochReport& report) {
                           ++told;
                           CHECK(report.samples->truth.batch() == 2);
                         }});
  CHECK(told == 1);
  check_same(expected, again);
  check_same_files(whole / "run", part / "run");
  CHECK(again.report.step == 30);
  CHECK(again.report.learning_rate == expected.report.learning_rate);
  CHECK(again.report.validation->psnr() == expected.report.validation->psnr());
}

TEST_CASE("metrics.csv is cut back to the checkpoint") {
  const TemporaryFolder folder;
  tiny_training({.epochs = 2, .out = folder / "run"});
  const std::string two = text_of(folder / "run" / "metrics.csv");
  std::ofstream(folder / "run" / "metrics.csv", std::ios::app) << "3,18,rubbish\n\"4";
  int steps = 0;
  tiny_training({.epochs = 4,
                 .out = folder / "run",
                 .resume = true,
                 .on_step = [&](const StepReport&) { ++steps; },
                 .stop = [&] { return steps == 2; }});
  CHECK(text_of(folder / "run" / "metrics.csv") == two);
}

TEST_CASE("killed at 20 random moments, resumed until finished: the same bits") {
  const TemporaryFolder whole, part;
  constexpr int many = 20;
  const auto start = std::chrono::steady_clock::now();
  const Trained expected = tiny_training({.epochs = many, .out = whole / "run"});
  const auto duration = std::chrono::steady_clock::now() - start;
  RandomStream random(Seed{static_cast<std::uint64_t>(::getpid())}, 0);  // other moments each time
  int killed = 0;
  for (int attempt = 0; attempt < 400; ++attempt) {
    const bool resume = std::filesystem::exists(part / "run" / "checkpoint.safetensors");
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        tiny_training({.epochs = many, .out = part / "run", .resume = resume});
        ::_exit(0);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        ::_exit(1);
      }
    }
    if (killed < 20) {  // somewhere in the first seventh of the whole: so that 20 fit
      std::this_thread::sleep_for(duration * random.uniform() / 7);
      ::kill(child, SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) {
      ++killed;
      continue;
    }
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);
    if (killed == 20) break;
    std::filesystem::remove_all(part / "run");  // finished before 20 kills: from the start
  }
  CHECK(killed == 20);
  check_same(expected, tiny_training({.epochs = many, .out = part / "run", .resume = true}));
  check_same_files(whole / "run", part / "run");
}

TEST_CASE("a folder with a training run is not overwritten unasked, nor resumed where there is none") {
  const TemporaryFolder folder;
  CHECK(error_of([&] { tiny_training({.out = folder / "none", .resume = true}); }) ==
        "fit: nothing to resume: there is no " + (folder / "none").string() +
            "/checkpoint.safetensors");
  CHECK(!std::filesystem::exists(folder / "none"));
  tiny_training({.epochs = 2, .out = folder / "run"});
  const std::string before = text_of(folder / "run" / "checkpoint.safetensors");
  CHECK(error_of([&] { tiny_training({.out = folder / "run"}); }) ==
        "fit: " + (folder / "run").string() +
            " holds the checkpoint of an earlier training: resume it, ask to overwrite it, or name "
            "another folder");
  CHECK(text_of(folder / "run" / "checkpoint.safetensors") == before);
  CHECK(error_of([&] { tiny_training({.epochs = 1, .out = folder / "run", .resume = true}); }) ==
        (folder / "run" / "checkpoint.safetensors").string() +
            ": this training run has finished 2 epochs; expected at least as many in all, got 1");
  tiny_training({.epochs = 1, .out = folder / "run", .overwrite = true});
  CHECK(text_of(folder / "run" / "metrics.csv").find("\n2,") == std::string::npos);
  // A training run that never made a step has nothing to lose.
  const auto fails = [&](const std::filesystem::path& out) {
    return error_of([&] {
      tiny_training({.out = out, .on_step = [](const StepReport&) { throw Error("before"); }});
    });
  };
  CHECK(fails(folder / "new") == "before");
  CHECK(fails(folder / "new") == "before");
  std::ofstream(folder / "file") << "no folder";
  CHECK(error_of([&] { tiny_training({.out = folder / "file" / "run"}); }) ==
        (folder / "file" / "run").string() + ": cannot make the folder: Not a directory");
}

TEST_CASE("another recipe is refused, and the sentence names what differs") {
  const TemporaryFolder folder;
  tiny_training({.out = folder / "run"});
  const std::string file = (folder / "run" / "checkpoint.safetensors").string();
  CHECK(error_of(
            [&] { tiny_training({.epochs = 2, .out = folder / "run", .resume = true}, 0.25); }) ==
        file +
            ": the checkpoint of another training run; only the number of epochs may change (expected: "
            "what is asked for now, got: what the file has); "
            "optimizer: expected adam(learning_rate 0.25, beta1 0.9, beta2 0.999, epsilon 1e-08, "
            "weight_decay 0), got adam(learning_rate 0.05, beta1 0.9, beta2 0.999, epsilon 1e-08, "
            "weight_decay 0)");
  // Everything else that decides the bits, with another network at once.
  using Other = Network<MaskedInput<8, 6, 3>, PartialConv2d<3, 3, kernel(3).same()>, Sigmoid>;
  Model<Other, Cpu, double> model(Seed{1});
  const std::vector<double> before(model.parameters().begin(), model.parameters().end());
  Trainer trainer(model, L1Loss{}, Sgd{});
  const std::string error = error_of([&] {
    trainer.fit(
        with_masks(testing::ramps(16), LineMasks{}),
        {.epochs = 2, .batch_size = 8, .seed = Seed{1}, .out = folder / "run", .resume = true});
  });
  for (const char* part :
       {"; network: expected 2 operations, 84 parameters (", ", got 6 operations, 459 parameters (",
        "; scalar: expected float64, got float32",
        "; loss: expected l1(whole, mean over region), got mse(whole, mean over region) + 0.5 * "
        "(l1(hole, mean over region))",
        "; optimizer: expected sgd(learning_rate 0.01, momentum 0, weight_decay 0), got adam(",
        "; schedule: expected constant, got cosine(epochs 8, low 0.1)",
        "; gradient norm at most: expected any, got 0.5", "; batch size: expected 8, got 4",
        "; seed: expected 1, got 11", "; training data: expected 16 images of 8x6x3 (the first ",
        "got 24 images of 8x6x3 (the first ", "; validation data: expected none, got 5 images",
        "; test data: expected none, got 7 images"}) {
    CAPTURE(part);
    CHECK(error.find(part) != std::string::npos);
  }
  CHECK(std::equal(before.begin(), before.end(), model.parameters().begin()));
}
