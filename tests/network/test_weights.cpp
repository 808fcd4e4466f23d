// SPDX-License-Identifier: BSD-3-Clause
// Weight files: the same bits back, PyTorch's names and order, strict and partial loading.
#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <numeric>

#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/weights.hpp>

#include "../support/error_of.hpp"
#include "../temporary_folder.hpp"
#include "../io/file_size_limit.hpp"

using namespace tessera;
using testing::error_of;
using testing::TemporaryFolder;

namespace {

constexpr Window same = kernel(3).same();
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
                       std::as_bytes(std::span(twos)).first(safetensors_dtype_bits(dtype) / 4));
    writer.add_bytes(
        "norm.num_batches_tracked", counter_dtype, {},
        std::as_bytes(std::span(&count, 1)).first(safetensors_dtype_bits(counter_dtype) / 8));
    writer.save(path);
    const std::string text = error_of([&] { net.load(path); });
    CHECK(all_values(net) == before);
    return text.substr(path.string().size());
  };
  CHECK(refused("I64", "I64", 1) ==
        ": tensor \"norm.weight\": expected dtype F32, F64, F16, BF16 or F8 (E4M3, E5M2), got I64");
  CHECK(refused("F32", "F64", 1) ==
        ": tensor \"norm.num_batches_tracked\": expected a count, a whole number of 0 to 2^53, got "
        "5e-324");
  CHECK(refused("F32", "I64", -1) ==
        ": tensor \"norm.num_batches_tracked\": expected a count of 0 to 2^53, got -1");
  CHECK(refused("F32", "I64", std::numeric_limits<std::int64_t>::max()) ==
        ": tensor \"norm.num_batches_tracked\": expected a count of 0 to 2^53, got "
        "9223372036854775807");
}

namespace {

/// A file for Network<..., Named<"norm", BatchNorm2d<2>>>: weights of `dtype`, the counter of
/// another, each with the value 3 or the bytes given.
void write_norm(const std::filesystem::path& path, const std::string& dtype,
                const std::vector<std::byte>& value, const std::string& counter_dtype,
                const std::vector<std::byte>& count) {
  std::vector<std::byte> two = value;
  two.insert(two.end(), value.begin(), value.end());
  SafetensorsWriter writer;
  for (const char* const name : {"weight", "bias", "running_mean", "running_var"})
    writer.add_bytes(std::string("norm.") + name, dtype, {2}, two);
  writer.add_bytes("norm.num_batches_tracked", counter_dtype, {}, count);
  writer.save(path);
}
template <class Number>
std::vector<std::byte> bytes_in(Number value) {
  std::vector<std::byte> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
using Norm = Network<Input<4, 4, 2>, Named<"norm", BatchNorm2d<2>>>;

/// 3 in every dtype that holds it.
const std::map<std::string, std::vector<std::byte>> threes{
    {"F64", bytes_in(3.0)},
    {"F32", bytes_in(3.0f)},
    {"F16", bytes_in(std::uint16_t{0x4200})},
    {"BF16", bytes_in(std::uint16_t{0x4040})},
    {"F8_E4M3", bytes_in(std::uint8_t{0x44})},
    {"F8_E5M2", bytes_in(std::uint8_t{0x42})},
    {"F8_E4M3FNUZ", bytes_in(std::uint8_t{0x4C})},
    {"F8_E5M2FNUZ", bytes_in(std::uint8_t{0x46})},
    {"I64", bytes_in(std::int64_t{3})},
    {"I32", bytes_in(std::int32_t{3})},
    {"I16", bytes_in(std::int16_t{3})},
    {"I8", bytes_in(std::int8_t{3})},
    {"U64", bytes_in(std::uint64_t{3})},
    {"U32", bytes_in(std::uint32_t{3})},
    {"U16", bytes_in(std::uint16_t{3})},
    {"U8", bytes_in(std::uint8_t{3})}};

}  // namespace

TEST_CASE("counters of any dtype are read, weights of any floating-point one") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  for (const auto& [dtype, bytes] : threes) {
    CAPTURE(dtype);
    Model<Norm> net;
    write_norm(path, "F32", bytes_in(1.0f), dtype, bytes);
    for (const bool strict : {true, false}) {
      net.set_counter("norm.num_batches_tracked", 7);
      net.load(path, LoadOptions{.strict = strict});
      CHECK(net.counter("norm.num_batches_tracked") == 3);
    }
    write_norm(path, dtype, bytes, "I64", bytes_in(std::int64_t{1}));
    if (dtype.starts_with("F") || dtype == "BF16") {
      net.load(path);
      CHECK(net.get("norm.weight") == std::vector<float>{3, 3});
      Model<Norm, Cpu, double> wide;
      wide.load(path);
      CHECK(wide.get("norm.running_var") == std::vector<double>{3, 3});
    } else {
      CHECK(error_of([&] { net.load(path); }) ==
            path.string() +
                ": tensor \"norm.weight\": expected dtype F32, F64, F16, BF16 or F8 "
                "(E4M3, E5M2), got " +
                dtype);
    }
  }
  Model<Norm> net;  // the largest count, which a double still holds
  for (const auto& [dtype, bytes] :
       std::map<std::string, std::vector<std::byte>>{{"F64", bytes_in(0x1p53)},
                                                     {"F32", bytes_in(0x1p53f)},
                                                     {"U64", bytes_in(std::uint64_t{1} << 53)}}) {
    write_norm(path, "F32", bytes_in(1.0f), dtype, bytes);
    net.load(path);
    CHECK(net.counter("norm.num_batches_tracked") == std::int64_t{1} << 53);
  }
  write_norm(path, "F32", bytes_in(1.0f), "BOOL", bytes_in(std::uint8_t{1}));
  net.load(path);
  CHECK(net.counter("norm.num_batches_tracked") == 1);
}

TEST_CASE("counters that are no counts are refused with their value, and nothing is loaded") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  Model<Norm> net(Seed{1});
  net.set_counter("norm.num_batches_tracked", 7);
  const auto before = all_values(net);
  const auto refused = [&](const char* dtype, const std::vector<std::byte>& bytes) {
    write_norm(path, "F32", bytes_in(2.0f), dtype, bytes);
    const std::string text = error_of([&] { net.load(path, LoadOptions{.strict = false}); });
    CHECK(all_values(net) == before);
    const std::string place = path.string() + ": tensor \"norm.num_batches_tracked\": expected ";
    CHECK(text.starts_with(place));
    return text.substr(std::min(text.size(), place.size()));
  };
  const std::string whole = "a count, a whole number of 0 to 2^53, got ";
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(refused("F64", bytes_in(2.5)) == whole + "2.5");
  CHECK(refused("F32", bytes_in(-1.0f)) == whole + "-1");
  CHECK(refused("F32", bytes_in(nan)) == whole + "nan");
  CHECK(refused("F64", bytes_in(0x1p54)) == whole + "18014398509481984");
  CHECK(refused("F16", bytes_in(std::uint16_t{0x7C00})) == whole + "inf");
  CHECK(refused("BF16", bytes_in(std::uint16_t{0x3F00})) == whole + "0.5");
  CHECK(refused("F8_E4M3", bytes_in(std::uint8_t{0x7F})) == whole + "nan");
  CHECK(refused("I8", bytes_in(std::int8_t{-2})) == "a count of 0 to 2^53, got -2");
  CHECK(refused("U64", bytes_in(~std::uint64_t{0})) ==
        "a count of 0 to 2^53, got 18446744073709551615");
  CHECK(refused("C64", bytes_in(std::uint64_t{0})) == "a count, such as I64, got C64");
  CHECK(refused("F8_E8M0", bytes_in(std::uint8_t{0})) == "a count, such as I64, got F8_E8M0");
}

TEST_CASE("tensors that `ignore` names stay as they are, whatever the file has of them") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  Model<Norm> net(Seed{1});
  // A counter that cannot be read, a tensor of another shape, and one that is not there.
  const std::vector<float> two{5, 6}, three{1, 2, 3};
  SafetensorsWriter writer;
  writer.add("g.norm.weight", {2}, two);
  writer.add("g.norm.bias", {2}, two);
  writer.add("g.norm.running_mean", {3}, three);
  writer.add_bytes("g.norm.num_batches_tracked", "F16", {}, bytes_in(std::uint16_t{0x7C00}));
  writer.save(path);
  const auto ignore = [](std::string_view name) { return name != "g.norm.weight"; };
  for (const bool strict : {true, false}) {
    net.set("norm.weight", std::vector<float>{0, 0});
    net.set("norm.bias", std::vector<float>{8, 9});
    net.set("norm.running_mean", std::vector<float>{1, 2});
    net.set("norm.running_var", std::vector<float>{3, 4});
    net.set_counter("norm.num_batches_tracked", 11);
    const LoadReport report =
        net.load(path, LoadOptions{.prefix = "g.", .ignore = ignore, .strict = strict});
    CHECK(report.loaded == std::vector<std::string>{"norm.weight"});
    CHECK(report.missing.empty());
    CHECK(report.misshaped.empty());
    CHECK(report.unexpected.empty());
    CHECK(report.ignored.size() == 4);
    CHECK(net.get("norm.weight") == two);
    CHECK(net.get("norm.bias") == std::vector<float>{8, 9});
    CHECK(net.get("norm.running_mean") == std::vector<float>{1, 2});
    CHECK(net.get("norm.running_var") == std::vector<float>{3, 4});
    CHECK(net.counter("norm.num_batches_tracked") == 11);
  }
}

TEST_CASE("a checkpoint where weights are wanted is called by its name") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  const std::vector<float> two{5, 6};
  SafetensorsWriter writer;
  writer.metadata("tessera.checkpoint", "2");
  writer.add("model.norm.weight", {2}, two);
  writer.save(path);
  Model<Norm> net;
  CHECK(error_of([&] { net.load(path); }) ==
        path.string() +
            ": expected the weights of a model, got the checkpoint of a training run; "
            "use model.safetensors or best.safetensors of the same folder");
  // What is asked for by its name is read all the same.
  net.load(path, LoadOptions{.prefix = "model.", .strict = false});
  CHECK(net.get("norm.weight") == two);
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
