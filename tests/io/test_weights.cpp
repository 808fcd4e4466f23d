// SPDX-License-Identifier: BSD-3-Clause
// Weight files: the same bits back, PyTorch's names and order, strict and partial loading.
#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <numeric>

#include <tessera/io/weights.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>

#include "../temporary_folder.hpp"
#include "file_size_limit.hpp"

using namespace tessera;
using testing::TemporaryFolder;

namespace {

constexpr Window same = kernel(3).padding(1);
using Net = Network<Input<4, 4, 3>, Named<"enc", Conv2d<3, 5, same>, BatchNorm2d<5>>,
                    Named<"head", Conv2d<5, 2, kernel(1)>>>;
using Wider =
    Network<Input<4, 4, 3>, Named<"enc", Conv2d<3, 5, same>, BatchNorm2d<5>>,
            Named<"head", Conv2d<5, 4, kernel(1)>>, Named<"new", Conv2d<4, 1, kernel(1)>>>;

template <class M>
void randomise(M& model, std::uint64_t seed) {
  RandomStream random(Seed{seed}, 0);
  for (const auto& t : model.tensors()) {
    std::vector<typename M::Scalar> v(static_cast<std::size_t>(t.dims.count()));
    for (auto& x : v) x = static_cast<typename M::Scalar>(random.integer(1, 1000)) / 7;
    model.set(t.name, v);
  }
  model.state().counters[0] = (std::int64_t{1} << 24) - 1;
}
template <class M>
auto all_values(M& model) {
  std::vector<std::vector<typename M::Scalar>> list;
  for (const auto& t : model.tensors()) list.push_back(model.get(t.name));
  return list;
}
std::string error_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("save and load give the same bits, in float and double") {
  const TemporaryFolder folder;
  Model<Net> a(Seed{1}), b(Seed{2});
  randomise(a, 1);
  a.save(folder / "a.safetensors");
  const LoadReport report = b.load(folder / "a.safetensors");
  CHECK(report.loaded.size() == a.tensors().size());
  CHECK(all_values(a) == all_values(b));
  CHECK(std::memcmp(a.parameters().data(), b.parameters().data(), a.parameters().size_bytes()) ==
        0);
  CHECK(b.state().counters[0] == (1 << 24) - 1);
  Model<Net, Cpu, double> c, d;
  randomise(c, 3);
  c.save(folder / "c.safetensors");
  d.load(folder / "c.safetensors");
  CHECK(all_values(c) == all_values(d));
}

TEST_CASE("the file has PyTorch's names, order, sizes and types") {
  const TemporaryFolder folder;
  Model<Net> model;
  std::vector<float> v(5 * 3 * 9);
  std::iota(v.begin(), v.end(), 0.5f);
  model.set("enc.0.weight", v);
  model.set("enc.1.num_batches_tracked", std::vector<float>{3});
  model.save(folder / "a.safetensors");
  const SafetensorsFile file(folder / "a.safetensors");
  CHECK(file.entries().size() == 9);
  const auto* weight = file.find("enc.0.weight");
  REQUIRE(weight);
  CHECK(weight->shape == std::vector<std::int64_t>{5, 3, 3, 3});
  CHECK(weight->dtype == "F32");
  CHECK(file.read_f32("enc.0.weight") == v);
  const auto* counter = file.find("enc.1.num_batches_tracked");
  REQUIRE(counter);
  CHECK(counter->dtype == "I64");
  CHECK(counter->shape.empty());
  CHECK(file.read_i64("enc.1.num_batches_tracked") == std::vector<std::int64_t>{3});
}

TEST_CASE("a counter beyond 2^24 survives the file in a float model") {
  const TemporaryFolder folder;
  Model<Net> a, b;
  a.state().counters[0] = (std::int64_t{1} << 24) + 1;
  a.save(folder / "a.safetensors");
  b.load(folder / "a.safetensors");
  CHECK(b.state().counters[0] == (std::int64_t{1} << 24) + 1);
}

TEST_CASE("strict loading lists missing, unexpected and misshaped, and changes nothing") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  Model<Net> net;
  net.save(path);
  Model<Wider> wider(Seed{4});
  randomise(wider, 5);
  const auto before = all_values(wider);
  CHECK(error_of([&] { wider.load(path); }) ==
        path.string() +
            ": the file's tensors are not the model's; 2 missing (new.weight, new.bias); 2 of "
            "another shape (head.weight: expected [4, 5, 1, 1], got [2, 5, 1, 1], head.bias: "
            "expected [4], got [2])");
  CHECK(all_values(wider) == before);
  wider.save(path);
  CHECK(error_of([&] { net.load(path); })
            .find("; 2 unexpected (new.weight, new.bias); 2 of "
                  "another shape") != std::string::npos);
}

TEST_CASE("loading that is not strict takes what fits") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  Model<Net> net(Seed{3});
  randomise(net, 6);
  net.save(path);
  Model<Wider> wider(Seed{4});
  const auto head = wider.get("head.weight");
  const LoadReport report = wider.load(path, LoadOptions{.strict = false});
  CHECK(report.loaded.size() == 7);
  CHECK(report.missing == std::vector<std::string>{"new.weight", "new.bias"});
  CHECK(report.misshaped.size() == 2);
  CHECK(report.unexpected.empty());
  CHECK(wider.get("enc.0.weight") == net.get("enc.0.weight"));
  CHECK(wider.get("enc.1.running_var") == net.get("enc.1.running_var"));
  CHECK(wider.get("head.weight") == head);
}

TEST_CASE("a prefix picks one network of a file with several") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  using Both = Network<Input<4, 4, 3>,
                       Named<"generator", Named<"enc", Conv2d<3, 5, same>, BatchNorm2d<5>>,
                             Named<"head", Conv2d<5, 2, kernel(1)>>>,
                       Named<"other", Conv2d<2, 2, kernel(1)>>>;
  Model<Both> both(Seed{8});
  both.save(path);
  Model<Net> net;
  const LoadReport report = net.load(path, LoadOptions{.prefix = "generator."});
  CHECK(report.loaded.size() == 9);
  CHECK(net.get("head.weight") == both.get("generator.head.weight"));
}

TEST_CASE("a file that breaks off leaves the model as it was") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  Model<Net> net(Seed{1});
  net.save(path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 8);
  const auto before = all_values(net);
  CHECK_THROWS_AS(net.load(path), FileError);
  CHECK_THROWS_AS(net.load(folder / "none.safetensors"), FileError);
  CHECK(all_values(net) == before);
}

TEST_CASE("renaming: a block, a tensor, the first rule that applies, the prefix in front") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  using Theirs =
      Network<Input<4, 4, 3>,
              Named<"net", Named<"model.0", Conv2d<3, 5, same>>,
                    Named<"model.norm", BatchNorm2d<5>>, Named<"last", Conv2d<5, 2, kernel(1)>>>>;
  Model<Theirs> theirs(Seed{8});
  randomise(theirs, 8);
  theirs.save(path);
  Model<Net> net;
  LoadOptions options{.prefix = "net.",
                      .rename = {{"enc.0", "model.0"}, {"enc", "model"}, {"head", "last"}}};
  CHECK(error_of([&] { net.load(path, options); }).find("; 5 missing (enc.1.weight, ") !=
        std::string::npos);  // looked for as model.1.weight
  options.rename[1] = {"enc.1", "model.norm"};
  const LoadReport report = net.load(path, options);
  CHECK(report.loaded.size() == 9);
  CHECK(net.get("enc.0.weight") == theirs.get("net.model.0.weight"));
  CHECK(net.get("enc.1.running_var") == theirs.get("net.model.norm.running_var"));
  CHECK(net.get("head.bias") == theirs.get("net.last.bias"));
  CHECK(net.counter("enc.1.num_batches_tracked") == (1 << 24) - 1);

  // One tensor is renamed, the rest of its block is not.
  options.rename = {{"enc.0.weight", "model.0.weight"}};
  options.strict = false;
  CHECK(net.load(path, options).loaded == std::vector<std::string>{"enc.0.weight"});
}

TEST_CASE("renaming: an empty side is the whole model or the whole file") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  using Body = Network<Input<4, 4, 3>, Conv2d<3, 5, same>, BatchNorm2d<5>>;
  using Scoped = Network<Input<4, 4, 3>, Named<"enc", Conv2d<3, 5, same>, BatchNorm2d<5>>>;
  Model<Body> body(Seed{1});
  Model<Scoped> scoped(Seed{2});
  body.save(path);
  scoped.load(path, LoadOptions{.rename = {{"enc", ""}}});
  CHECK(scoped.get("enc.0.weight") == body.get("0.weight"));
  Model<Body> other(Seed{3});
  scoped.save(path);
  other.load(path, LoadOptions{.rename = {{"", "enc"}}});
  CHECK(all_values(other) == all_values(body));
}

TEST_CASE("renaming: what makes no sense is refused") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  Model<Net> net;
  net.save(path);
  CHECK(error_of([&] {
          net.load(path, LoadOptions{.rename = {{"encoder", "enc"}}});
        }) == "rename: no tensor of the model is left that has the name or prefix \"encoder\"");
  CHECK(error_of([&] {
          net.load(path, LoadOptions{.rename = {{"enc", "a"}, {"enc.0", "b"}}});
        }) == "rename: no tensor of the model is left that has the name or prefix \"enc.0\"");
  CHECK(error_of([&] {
          net.load(path, LoadOptions{.rename = {{"head.bias", "enc.0.bias"}}});
        }) == "rename: \"enc.0.bias\" and \"head.bias\" would both be read from \"enc.0.bias\"");
}

TEST_CASE("metadata is written, read back without tensors, and may hold any text") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  Model<Net> net;
  net.save(path, {{"tessera.system", "net of this test"}, {"note", "\"\n\xE2\x82\xAC"}});
  const auto metadata = read_metadata(path);
  CHECK(metadata.size() == 2);
  CHECK(metadata.at("tessera.system") == "net of this test");
  CHECK(metadata.at("note") == "\"\n\xE2\x82\xAC");
  CHECK(net.load(path).unexpected.empty());
  CHECK(error_of([&] {
          net.save(path, {{"k", "\xFF"}});
        }) == "SafetensorsWriter: expected UTF-8, got '?'");
  CHECK(read_metadata(path) == metadata);  // the old file is whole
  net.save(path);
  CHECK(read_metadata(path).empty());
}

TEST_CASE("files in F16, BF16 and F64 are read as the model's numbers") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  using Tiny = Network<Input<4, 4, 1>, Conv2d<1, 2, kernel(1)>>;
  const std::vector<float> expected{-5, 0.5f};
  const std::vector<std::uint16_t> f16{0xC500, 0x3800}, bf16{0xC0A0, 0x3F00};
  const std::vector<double> f64{-5, 0.5};
  const auto check = [&](const char* dtype, std::span<const std::byte> bytes) {
    SafetensorsWriter writer;
    writer.add_bytes("weight", dtype, {2, 1, 1, 1}, bytes);
    writer.add_bytes("bias", dtype, {2}, bytes);
    writer.save(path);
    Model<Tiny> narrow;
    narrow.load(path, LoadOptions{.rename = {{"0", ""}}});
    CHECK(narrow.get("0.weight") == expected);
    Model<Tiny, Cpu, double> wide;
    wide.load(path, LoadOptions{.rename = {{"0", ""}}});
    CHECK(wide.get("0.bias") == f64);
  };
  check("F16", std::as_bytes(std::span(f16)));
  check("BF16", std::as_bytes(std::span(bf16)));
  check("F64", std::as_bytes(std::span(f64)));
}

TEST_CASE("types and counts that make no sense are refused, and nothing is loaded") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  using Tiny = Network<Input<4, 4, 2>, Named<"norm", BatchNorm2d<2>>>;
  Model<Tiny> net(Seed{1});
  const auto before = all_values(net);
  const auto refused = [&](const char* dtype, const char* counter_dtype, std::int64_t count) {
    const std::vector<std::int64_t> twos{2, 2};
    SafetensorsWriter writer;
    for (const char* const name : {"weight", "bias", "running_mean", "running_var"})
      writer.add_bytes(std::string("norm.") + name, dtype, {2},
                       std::as_bytes(std::span(twos)).first(2 * safetensors_dtype_size(dtype)));
    writer.add_bytes(
        "norm.num_batches_tracked", counter_dtype, {},
        std::as_bytes(std::span(&count, 1)).first(safetensors_dtype_size(counter_dtype)));
    writer.save(path);
    const std::string text = error_of([&] { net.load(path); });
    CHECK(all_values(net) == before);
    return text.substr(path.string().size());
  };
  CHECK(refused("I64", "I64", 1) ==
        ": tensor \"norm.weight\": expected dtype F32, F64, F16 or BF16, got I64");
  CHECK(refused("F32", "F64", 1) ==
        ": tensor \"norm.num_batches_tracked\": expected dtype I64, got F64");
  CHECK(refused("F32", "I64", -1) ==
        ": tensor \"norm.num_batches_tracked\": expected a count of 0 to 2^53, got -1");
  CHECK(refused("F32", "I64", std::numeric_limits<std::int64_t>::max()) ==
        ": tensor \"norm.num_batches_tracked\": expected a count of 0 to 2^53, got "
        "9223372036854775807");
}

TEST_CASE("a failed save keeps the previous weights and leaves nothing behind") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  Model<Net> net(Seed{1});
  net.save(path);
  {
    const testing::FileSizeLimit limit(1000);
    CHECK(error_of([&] { Model<Wider>().save(path); }) ==
          path.string() + ": cannot write: File too large");
  }
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                      std::filesystem::directory_iterator()) == 1);
  Model<Net> read;
  read.load(path);
  CHECK(all_values(read) == all_values(net));
}

TEST_CASE("lists of names in a message are short and safe to print") {
  Model<Net> net;
  std::string header = "{";
  for (int i = 0; i < 100; ++i)
    header += (i ? "," : "") + std::string("\"\\u001b[2J") + std::string(900, 'n') +
              std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  header += "}";
  std::string content(8, '\0');
  const std::uint64_t size = header.size();
  std::memcpy(content.data(), &size, 8);
  content += header;
  const std::string text =
      error_of([&] { load_weights(net, SafetensorsFile(InputFile("memory", bytes_of(content)))); });
  CHECK(text.starts_with("memory: the file's tensors are not the model's; 9 missing ("));
  CHECK(text.find("; 100 unexpected (?[2Jnnn") != std::string::npos);
  CHECK(text.ends_with("..., ...)"));
  CHECK(text.size() < 700);
  CHECK(text.find('\x1b') == std::string::npos);
}
