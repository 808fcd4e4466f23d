// SPDX-License-Identifier: BSD-3-Clause
// Weight files: the same bits back, PyTorch's names and order, strict and partial loading.
#include <doctest/doctest.h>

#include <cstring>
#include <numeric>

#include <tessera/io/weights.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>

#include "../temporary_folder.hpp"

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
  } catch (const FileError& error) {
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
