// SPDX-License-Identifier: BSD-3-Clause
// Malformed weight files: the model stays as it was, and memory stays within the file's and the
// model's sizes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <tessera/network/weights.hpp>
#include <tessera/layers/batch_norm2d.hpp>

#include "../temporary_folder.hpp"
#include "../io/allocation_peak.hpp"

using namespace tessera;
using testing::TemporaryFolder;

namespace {

using Net = Network<Input<4, 4, 3>, Named<"norm", BatchNorm2d<3>>>;

std::vector<std::vector<float>> all_values(Model<Net>& model) {
  std::vector<std::vector<float>> list;
  for (const NamedTensor& t : model.tensors()) list.push_back(model.get(t.name));
  return list;
}
std::string weights_of(const Model<Net>& model) {
  const TemporaryFolder folder;
  model.save(folder / "a");
  const auto bytes = read_file(folder / "a", 1 << 20);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
/// Loads the bytes as a file; true if that worked.
bool loads(Model<Net>& model, const std::string& content, const LoadOptions& options = {}) {
  bool loaded = false;
  const std::size_t peak = testing::peak_of([&] {
    try {
      load_weights(model, SafetensorsFile(InputFile("memory", bytes_of(content))), options);
      loaded = true;
    } catch (const FileError& error) {
      const std::string text = error.what();
      CHECK(text.starts_with("memory: "));
      CHECK(text.find('\n') == text.npos);
    }
  });
  CHECK(peak <= 16 * content.size() + 16384);
  return loaded;
}

}  // namespace

TEST_CASE("hostile weights: every truncation leaves the model as it was") {
  Model<Net> model(Seed{1});
  const auto before = all_values(model);
  const std::string good = weights_of(Model<Net>(Seed{2}));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(loads(model, good.substr(0, size)));
    CHECK_FALSE(loads(model, good.substr(0, size), {.strict = false}));
  }
  CHECK(all_values(model) == before);
  CHECK(loads(model, good));
}

TEST_CASE("hostile weights: every byte of the header changed; loading is all or nothing") {
  const std::string good = weights_of(Model<Net>(Seed{2}));
  std::uint64_t header = 0;
  std::memcpy(&header, good.data(), 8);
  for (std::size_t i = 0; i < 8 + header; ++i)
    for (const int change : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80}) {
      std::string changed = good;
      changed[i] = static_cast<char>(changed[i] ^ change);
      Model<Net> model(Seed{1});
      const auto before = all_values(model);
      if (!loads(model, changed)) CHECK(all_values(model) == before);
      loads(model, changed, {.prefix = "n", .strict = false});
      CHECK(model.counter("norm.num_batches_tracked") >= 0);
    }
}

TEST_CASE("hostile weights: a tensor of a terabyte has another shape, and is not read") {
  const TemporaryFolder folder;
  const auto path = folder / "sparse";
  const std::uint64_t data = std::uint64_t{1} << 40;
  const std::string header = R"({"norm.weight":{"dtype":"U8","shape":[)" + std::to_string(data) +
                             R"(],"data_offsets":[0,)" + std::to_string(data) + "]}}";
  std::string content(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(content.data(), &length, 8);
  write_file_atomically(path, content + header);
  std::error_code failed;
  std::filesystem::resize_file(path, 8 + length + data, failed);
  if (failed) {
    MESSAGE("not tested: the file system has no sparse files of this size");
    return;
  }
  Model<Net> model;
  const std::size_t peak = testing::peak_of([&] {
    CHECK_THROWS_WITH_AS(model.load(path),
                         doctest::Contains("1 of another shape (norm.weight: expected [3], got "
                                           "[1099511627776])"),
                         FileError);
    CHECK(model.load(path, LoadOptions{.strict = false}).misshaped.size() == 1);
  });
  CHECK(peak < 65536);
}
