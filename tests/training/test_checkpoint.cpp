// SPDX-License-Identifier: BSD-3-Clause
// The checkpoint reader and hostile files: each is refused with a sentence, and the model and the
// optimiser stay as they were.
#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <limits>

#include "../temporary_folder.hpp"
#include "tiny_training.hpp"

using namespace tessera;
using testing::error_of;
using testing::TemporaryFolder;
using testing::TinyNet;

namespace {

struct Fixture {
  TemporaryFolder folder;
  Model<TinyNet> model{Seed{1}, Context<Cpu>{1}};
  Optimizer<Model<TinyNet>, Adam> optimizer{model, Adam{}};
  Configuration recipe{{"loss", "mse"}};
  std::filesystem::path path = folder / "checkpoint.safetensors";

  TrainingState state() {
    return detail::training_state(TinyNet::structure, model.state(),
                                  {optimizer.buffer(0), optimizer.buffer(1)});
  }
  /// A good checkpoint, two epochs done, with one thing changed.
  void save(auto&& change) {
    std::map<std::string, std::string> metadata{{"tessera.checkpoint", "2"},
                                                {"tessera.recipe.loss", "mse"}};
    TrainingState all = state();
    std::map<std::string, std::vector<float>> tensors;
    std::map<std::string, std::vector<std::int64_t>> shapes;
    detail::for_each_tensor(all, [&](const std::string& name, const TrainingTensor& t) {
      if (detail::is_counter(t)) return;
      tensors[name].assign(static_cast<std::size_t>(t.parameter.dims.count()), 0.25f);
      shapes[name] = detail::sides_of(t);
    });
    std::vector<std::int64_t> position{2, 1, 13, 13, 1}, counter{13}, random{-7, 13};
    std::vector<double> numbers{0.5, 0.125}, sum{1.5}, epochs{1, 2};
    change(metadata, tensors, shapes, position, counter, numbers, sum, epochs, random);
    SafetensorsWriter writer;
    for (const auto& [key, value] : metadata) writer.metadata(key, value);
    for (const auto& [name, values] : tensors)
      writer.add(name, shapes[name], std::span<const float>(values));
    const auto add = [&](const char* name, const auto& values, std::vector<std::int64_t> shape) {
      writer.add(name, std::move(shape), std::span(values.data(), values.size()));
    };
    const auto length = [](const auto& v) { return static_cast<std::int64_t>(v.size()); };
    add("model.enc.1.num_batches_tracked", counter, {});
    add("training.position", position, {length(position)});
    add("training.random", random, {length(random)});
    add("training.numbers", numbers, {length(numbers)});
    add("training.sum.loss", sum, {});
    add("history.epoch", epochs, {length(epochs)});
    writer.save(path);
  }
  TrainingProgress load(int epochs = 5) {
    return load_checkpoint(path, state(), recipe, /*batches*/ 6, epochs);
  }
  /// The sentence without the path; checks that nothing was changed.
  std::string refused(int epochs = 5) {
    const std::vector<float> before(model.parameters().begin(), model.parameters().end());
    const std::string error = error_of([&] { load(epochs); });
    CHECK(std::memcmp(before.data(), model.parameters().data(), before.size() * 4) == 0);
    for (const float v : optimizer.buffer(1)) CHECK(v == 0);
    CHECK(model.counter("enc.1.num_batches_tracked") == 0);
    CHECK(model.state().seed.value == 1);
    CHECK(model.state().training_passes == 0);
    REQUIRE(error.starts_with(path.string() + ": "));
    return error.substr(path.string().size() + 2);
  }
};
constexpr auto unchanged = [](auto&...) {};
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a good checkpoint is read") {
  save(unchanged);
  const TrainingProgress at = load();
  CHECK(at.epochs == 2);
  CHECK(at.batch == 1);
  CHECK(at.step == 13);
  CHECK(at.best_epoch == 1);
  CHECK(at.best_figure == 0.125);
  CHECK(at.seconds == 0.5);
  REQUIRE(at.sums.size() == 1);
  CHECK(at.sums[0] == std::pair(std::string("loss"), 1.5));
  CHECK(*at.history.find("epoch") == std::vector<double>{1, 2});
  CHECK(model.get("enc.0.weight") == std::vector<float>(216, 0.25f));
  CHECK(model.counter("enc.1.num_batches_tracked") == 13);
  CHECK(model.state().seed.value == 0xFFFFFFFFFFFFFFF9u);  // -7: seeds are 64 bits of any kind
  CHECK(model.state().training_passes == 13);
}

TEST_CASE_FIXTURE(Fixture, "save_checkpoint and load_checkpoint keep every bit, in double too") {
  Model<TinyNet, Cpu, double> a(Seed{1}), b(Seed{2});
  Optimizer<Model<TinyNet, Cpu, double>, Sgd> oa(a, Sgd{}), ob(b, Sgd{});
  for (double& v : oa.buffer(0).first(8)) v = 1.0 / 3;
  TrainingProgress at;
  a.state().training_passes = 6;
  at.epochs = 1;
  at.sums = {{"b", 0.1}, {"a", 0.2}};  // the order stays
  at.history.add({{"epoch", 1}, {"psnr", std::numeric_limits<double>::infinity()}});
  const auto state_of = [](auto& model, auto& optimizer) {
    return detail::training_state(TinyNet::structure, model.state(), {optimizer.buffer(0)});
  };
  save_checkpoint(path, state_of(a, oa), at, recipe, "tiny");
  const TrainingProgress read = load_checkpoint(path, state_of(b, ob), recipe, 6, 1);
  CHECK(std::ranges::equal(a.parameters(), b.parameters()));
  CHECK(std::ranges::equal(oa.buffer(0), ob.buffer(0)));
  CHECK(b.state().seed.value == 1);
  CHECK(b.state().training_passes == 6);
  CHECK(read.sums == at.sums);
  CHECK(read.history.columns[1].values == at.history.columns[1].values);
}

TEST_CASE_FIXTURE(Fixture, "numbers out of range") {
  using Position = std::vector<std::int64_t>;
  const auto with = [&](Position p) {
    save([&](auto&, auto&, auto&, auto& position, auto&...) { position = p; });
    return refused();
  };
  const std::string start = "checkpoint: training.position: ";
  CHECK(with({-1, 1, 13, 13, 1}) == start + "finished epochs: expected 0 to 1000000000, got -1");
  CHECK(with({INT64_MAX, 1, 13, 13, 1}) ==
        start + "finished epochs: expected 0 to 1000000000, got 9223372036854775807");
  CHECK(with({2, 7, 13, 13, 1}) == start + "steps of the epoch: expected 0 to 6, got 7");
  CHECK(with({2, 1, -5, 13, 1}) == start + "steps: expected 0 to 9007199254740992, got -5");
  CHECK(with({2, 1, 13, -5, 1}) ==
        start + "the optimiser's steps: expected 0 to 9007199254740992, got -5");
  CHECK(with({2, 1, 13, 13, 3}) == start + "best epoch: expected 0 to 2, got 3");
  CHECK(with({2, 1, 13, 13}) ==
        "checkpoint: tensor training.position: expected I64 [5], got I64 [4]");
  CHECK(with({3, 1, 13, 13, 1}) ==
        "checkpoint: tensor history.epoch: expected F64 [3], got F64 [2]");
  save([](auto&, auto&, auto&, auto&, auto&, auto& numbers, auto&...) { numbers[1] = -1; });
  CHECK(refused() == "checkpoint: training.numbers: expected finite numbers from 0 on, got -1");
  save([](auto&, auto&, auto&, auto&, auto&, auto& numbers, auto&...) {
    numbers[0] = not_a_number;
  });
  CHECK(refused() == "checkpoint: training.numbers: expected finite numbers from 0 on, got nan");
  save(
      [](auto&, auto&, auto&, auto&, auto&, auto&, auto& sum, auto&...) { sum[0] = not_a_number; });
  CHECK(refused() == "checkpoint: training.sum.loss: expected a finite number, got nan");
  const auto with_random = [&](std::vector<std::int64_t> r) {
    save([&](auto&, auto&, auto&, auto&, auto&, auto&, auto&, auto&, auto& random) { random = r; });
    return refused();
  };
  CHECK(with_random({1, -1}) ==
        "checkpoint: training.random: training forwards: expected 0 to 9007199254740992, got -1");
  CHECK(with_random({1, INT64_MAX}) ==
        "checkpoint: training.random: training forwards: expected 0 to 9007199254740992, got "
        "9223372036854775807");
  CHECK(with_random({1}) == "checkpoint: tensor training.random: expected I64 [2], got I64 [1]");
  save([](auto&, auto&, auto&, auto&, auto& counter, auto&...) { counter[0] = -2; });
  CHECK(
      refused() ==
      "checkpoint: tensor model.enc.1.num_batches_tracked: expected a count of 0 to 2^53, got -2");
  save(unchanged);
  CHECK(refused(2) ==
        "this training run has finished 2 epochs and a part of the next; expected at least as many in "
        "all, got 2");
}

TEST_CASE_FIXTURE(Fixture, "tensors that are wrong, missing or too many") {
  save([](auto&, auto& tensors, auto&...) { tensors["optimizer.1.dec.weight"][5] = not_a_number; });
  CHECK(refused() ==
        "checkpoint: tensor optimizer.1.dec.weight: expected finite values, got nan at element 5");
  save([](auto&, auto& tensors, auto&...) { tensors.erase("model.enc.1.bias"); });
  CHECK(refused() == "checkpoint: expected a tensor model.enc.1.bias, got none of that name");
  save([](auto&, auto& tensors, auto& shapes, auto&...) {
    tensors["model.enc.1.bias"].resize(4);
    shapes["model.enc.1.bias"] = {4};
  });
  CHECK(refused() == "checkpoint: tensor model.enc.1.bias: expected F32 [8], got F32 [4]");
  save([](auto&, auto& tensors, auto& shapes, auto&...) {
    tensors["model.\x1bmore"] = {1};
    shapes["model.\x1bmore"] = {1};
  });
  CHECK(refused() == "checkpoint: unexpected tensor model.?more");
}

TEST_CASE_FIXTURE(Fixture, "metadata") {
  save([](auto& metadata, auto&...) { metadata.erase("tessera.checkpoint"); });
  CHECK(refused() == "checkpoint: expected the metadata tessera.checkpoint, got a file without it");
  save([](auto& metadata, auto&...) { metadata["tessera.checkpoint"] = "1"; });
  CHECK(refused() == "checkpoint: tessera.checkpoint: expected 2, got 1");
  save([](auto& metadata, auto&...) { metadata["tessera.checkpoint"] = "3\n"; });
  CHECK(refused() == "checkpoint: tessera.checkpoint: expected 2, got 3?");
  save([](auto& metadata, auto&...) {
    metadata["tessera.recipe.loss"] = std::string(500, 'x');
    metadata["tessera.recipe.more"] = "y";
  });
  CHECK(refused() ==
        "the checkpoint of another training run; only the number of epochs may change (expected: what "
        "is asked for now, got: what the file has); loss: expected "
        "mse, got " +
            std::string(200, 'x') + "...; more: expected nothing, got y");
  recipe.emplace_back("seed", "7");
  save(unchanged);
  CHECK(refused() ==
        "the checkpoint of another training run; only the number of epochs may change (expected: what "
        "is asked for now, got: what the file has); "
        "seed: expected 7, got nothing");
}

TEST_CASE_FIXTURE(Fixture, "every cut of a file and a change of any byte of its header is met") {
  save(unchanged);
  std::ifstream in(path, std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  std::uint64_t header = 0;
  std::memcpy(&header, good.data(), 8);
  for (std::size_t size = 0; size < good.size(); size += 1 + good.size() / 50) {
    std::ofstream(path, std::ios::binary) << good.substr(0, size);
    CHECK(refused() != "no error");
  }
  for (std::size_t at = 0; at < 8 + header; at += 3) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x15);
    std::ofstream(path, std::ios::binary) << bad;
    error_of([&] { load(); });  // refused, or a change that does not matter; never undefined
  }
}
