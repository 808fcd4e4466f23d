// SPDX-License-Identifier: BSD-3-Clause
// The face of the training programs: Ctrl-C finishes the step, saves and ends with status 130, and
// the program then goes on with the same bits; what it leaves in --out; wrong use.
#include <doctest/doctest.h>
#if __has_include(<CLI/CLI.hpp>)
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "../../examples/support/program.cpp"
#include "../temporary_folder.hpp"
#include "tiny_training.hpp"

using namespace tessera;
using testing::TemporaryFolder;
using testing::TinyNet;

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// Starts a training program in a process of its own; its output goes to FOLDER.stdout and .stderr.
pid_t start(const std::filesystem::path& folder, std::vector<std::string> arguments) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    const std::string name = folder.string() + (stream == STDOUT_FILENO ? ".stdout" : ".stderr");
    ::dup2(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), stream);
  }
  arguments.insert(arguments.begin(), {"tiny", "--out", folder.string()});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  const int status = run_program("Trains a tiny network", {}, static_cast<int>(argv.size()),
                                 argv.data(), [](const ProgramOptions& o) {
                                   Model<TinyNet> model(Seed{o.seed}, Context<Cpu>{1});
                                   Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 0.01});
                                   trainer.test_on(with_masks(testing::ramps(9, 2), LineMasks{}));
                                   const auto report =
                                       trainer.fit(with_masks(testing::ramps(400), LineMasks{}),
                                                   fit_options("tiny", o));
                                   print_result("tiny", report, 1.5);
                                 });
  std::fflush(nullptr);
  ::_exit(status);
}
int status_of(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
void wait_for(const std::filesystem::path& file) {
  for (int i = 0; i < 2000 && !std::filesystem::exists(file); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  REQUIRE(std::filesystem::exists(file));
}

}  // namespace

TEST_CASE("Ctrl-C finishes the step and saves; --resume goes on to the same bits") {
  const TemporaryFolder folder;
  const std::filesystem::path whole = folder / "whole", part = folder / "part";
  const std::vector<std::string> recipe{"--epochs", "12", "--batch", "2", "--schedule", "cosine"};
  REQUIRE(status_of(start(whole, recipe)) == 0);
  const pid_t child = start(part, recipe);
  wait_for(part / "model.safetensors");  // the first epoch is over
  ::kill(child, SIGINT);
  CHECK(status_of(child) == 130);
  CHECK(text_of(folder / "part.stderr").starts_with("stopped and saved after step "));
  CHECK(text_of(folder / "part.stderr").ends_with("the same command with --resume goes on\n"));
  CHECK(text_of(folder / "part.stdout").find('{') == std::string::npos);  // no result
  CHECK(text_of(part / "model.safetensors") != text_of(whole / "model.safetensors"));

  CHECK(status_of(start(part, recipe)) == 1);  // without --resume nothing is overwritten
  CHECK(text_of(folder / "part.stderr")
            .starts_with("tiny: fit: " + part.string() + " holds the checkpoint of an earlier"));
  auto again = recipe;
  again.push_back("--resume");
  REQUIRE(status_of(start(part, again)) == 0);
  CHECK(text_of(part / "model.safetensors") == text_of(whole / "model.safetensors"));
  for (const char* name : {"metrics.csv", "samples.png", "report.html", "checkpoint.safetensors"})
    CHECK(std::filesystem::file_size(part / name) > 100);
  CHECK(text_of(part / "samples.png") == text_of(whole / "samples.png"));
  const std::string out = text_of(folder / "part.stdout");
  CHECK(out.substr(out.rfind("\n{") + 1)
            .starts_with(
                "{\"system\": \"tiny\", \"epochs\": 12, \"steps\": 2400, \"seconds\": 1.5, "));
  CHECK(out.find("\"test_mse\": ") != std::string::npos);
  CHECK(out.find("\x1b") == std::string::npos);  // no bar where there is no terminal
}

TEST_CASE("a second Ctrl-C ends at once; SIGTERM is as good as Ctrl-C") {
  const TemporaryFolder folder;
  pid_t child = start(folder / "a", {"--epochs", "100000", "--batch", "2"});
  wait_for(folder / "a" / "model.safetensors");
  ::kill(child, SIGTERM);
  CHECK(status_of(child) == 143);
  // The first signal may end the step before the second comes: either is right, neither hangs.
  child = start(folder / "b", {"--epochs", "100000", "--batch", "2"});
  wait_for(folder / "b" / "model.safetensors");
  ::kill(child, SIGINT);
  ::kill(child, SIGINT);
  const int status = status_of(child);
  CHECK((status == 130 || status == -SIGINT));
}

TEST_CASE("--quiet shows the result alone") {
  const TemporaryFolder folder;
  REQUIRE(status_of(start(folder / "x", {"--epochs", "1", "--batch", "50", "--quiet"})) == 0);
  CHECK(text_of(folder / "x.stdout").find("epoch 1/1") == std::string::npos);
  CHECK(text_of(folder / "x.stdout").find("{\"system\": \"tiny\"") != std::string::npos);
  CHECK(text_of(folder / "x.stderr").empty());
}

TEST_CASE("a program's name stands before a sentence once") {
  CHECK(failure_text("inpaint", "inpaint: too little") == "inpaint: too little");
  CHECK(failure_text("bin/inpaint", "inpaint: too little") == "bin/inpaint: too little");
  CHECK(failure_text("bin/inpaint", "inpainting: x") == "bin/inpaint: inpainting: x");
  CHECK(failure_text("tiny", "fit: nothing") == "tiny: fit: nothing");
}

TEST_CASE("a folder that cannot be made is refused before the program begins") {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  std::string name = (folder / "file" / "run").string();
  char* argv[] = {const_cast<char*>("tiny"), const_cast<char*>("--out"), name.data(), nullptr};
  bool begun = false;
  CHECK(run_program("", {}, 3, argv, [&](const ProgramOptions&) { begun = true; }) == 1);
  CHECK(!begun);
}

TEST_CASE("wrong use is a sentence and status 2, failed work status 1") {
  const TemporaryFolder folder;
  const auto fails = [&](const std::vector<std::string>& arguments, int expected) {
    CHECK(status_of(start(folder / "x", arguments)) == expected);
    return text_of(folder / "x.stderr");
  };
  CHECK(fails({"--epochs", "0"}, 2) ==
        "tiny: --epochs: expected a whole number of at least 1, got 0; --help lists the options\n");
  CHECK(fails({"--schedule", "linear"}, 2) ==
        "tiny: --schedule: linear not in {constant,cosine}; --help lists the options\n");
  CHECK(fails({"--resume", "--overwrite"}, 2) ==
        "tiny: --resume excludes --overwrite; --help lists the options\n");
  CHECK(fails({"--resume"}, 1) == "tiny: fit: nothing to resume: there is no " +
                                      (folder / "x" / "checkpoint.safetensors").string() + "\n");
}
#endif
