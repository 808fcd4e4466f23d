// SPDX-License-Identifier: BSD-3-Clause
// Models: order of elements, initial values, freezing, parts, errors.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/optimizers/optimizer.hpp>

using namespace tessera;

namespace {

constexpr Window same = kernel(3).same();
template <FixedString Name, int In, int Out>
struct Module
    : Named<Name, Named<"conv", Conv2d<In, Out, same>>, Named<"bn", BatchNorm2d<Out>>, ReLU> {};
struct Features : Sequential<Conv2d<3, 5, same>, BatchNorm2d<5>, ReLU, Conv2d<5, 7, same>> {};
using Net = Network<Input<6, 6, 3>, Module<"enc1", 3, 3>, Named<"features", Features>,
                    Module<"enc10", 7, 2>>;
using Alone = Network<Input<6, 6, 3>, Features>;
using Large = Network<MaskedInput<4, 4, 24>, Named<"he", PartialConv2d<24, 64, same>>,
                      Named<"torch", Conv2d<64, 32, same>>, Named<"bn", BatchNorm2d<32>>>;

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};
Moments moments(const std::vector<float>& v) {
  Moments m;
  for (const float x : v) {
    m.mean += static_cast<double>(x) / static_cast<double>(v.size());
    m.largest = std::max(m.largest, std::abs(static_cast<double>(x)));
  }
  for (const float x : v) m.deviation += (x - m.mean) * (x - m.mean);
  m.deviation = std::sqrt(m.deviation / static_cast<double>(v.size()));
  return m;
}
/// A training step's forward and backward on noise, with output gradient 1.
void run(Model<Net>& model, Pass<Cpu, float>& pass) {
  RandomStream random(Seed{5}, 0);
  for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
    pass.input().data[i] = static_cast<float>(random.normal());
  pass.forward();
  pass.zero_gradients();
  for (std::ptrdiff_t i = 0; i < pass.output().size(); ++i)
    pass.output_gradient().data[i] = static_cast<float>(random.normal());
  model.zero_gradients();
  pass.backward();
}

}  // namespace

TEST_CASE("get and set use PyTorch's order, memory has its own") {
  Model<Net> model;
  std::vector<float> v(7 * 5 * 9);
  std::iota(v.begin(), v.end(), 1.0f);
  model.set("features.3.weight", v);
  CHECK(model.get("features.3.weight") == v);
  const float* memory = nullptr;
  for (const TensorInfo& info : Net::structure.tensors)
    if (name_of(Net::structure, info) == "features.3.weight")
      memory = model.parameters().data() + info.offset;
  REQUIRE(memory);
  for (int o = 0; o < 7; ++o)
    for (int i = 0; i < 5; ++i)
      for (int tap = 0; tap < 9; ++tap)  // listed [O, I, Kh, Kw], in memory [Kh, Kw, I, O]
        CHECK(memory[(tap * 5 + i) * 7 + o] == v[static_cast<std::size_t>((o * 5 + i) * 9 + tap)]);
  model.set("enc1.bn.num_batches_tracked", std::vector<float>{12});
  CHECK(model.get("enc1.bn.num_batches_tracked") == std::vector<float>{12});
}

TEST_CASE("tensors are listed in execution order with PyTorch's names and sizes") {
  Model<Net> model;
  const auto list = model.tensors();
  REQUIRE(list.size() == 7 + 9 + 7);
  CHECK(list[0].name == "enc1.conv.weight");
  CHECK(list[0].dims == Dims{3, 3, 3, 3});
  CHECK(list[7].name == "features.0.weight");
  CHECK(list[9].name == "features.1.weight");
  CHECK(list[11].role == Role::statistic);
  CHECK(list[14].name == "features.3.weight");
  CHECK(list.back().name == "enc10.bn.num_batches_tracked");
}

TEST_CASE("the same seed gives the same bits, another one others") {
  Model<Net> a(Seed{7}), b(Seed{7}), c(Seed{8});
  const std::size_t bytes = a.parameters().size_bytes();
  CHECK(std::memcmp(a.parameters().data(), b.parameters().data(), bytes) == 0);
  CHECK(std::memcmp(a.parameters().data(), c.parameters().data(), bytes) != 0);
}

TEST_CASE("initial values: He normal, PyTorch's default, batch norm") {
  Model<Large> model(Seed{3});
  const double he = std::sqrt(2.0 / (24 * 9)), torch = 1 / std::sqrt(64.0 * 9);
  const Moments w = moments(model.get("he.weight")), u = moments(model.get("torch.weight")),
                b = moments(model.get("torch.bias"));
  CHECK(std::abs(w.mean) < 4 * he / std::sqrt(13824.0));
  CHECK(w.deviation == doctest::Approx(he).epsilon(0.03));
  CHECK(w.largest > 3 * he);
  CHECK(std::abs(u.mean) < 4 * torch / std::sqrt(3 * 18432.0));
  CHECK(u.deviation == doctest::Approx(torch / std::sqrt(3.0)).epsilon(0.03));
  CHECK(u.largest <= torch);
  CHECK(u.largest > 0.99 * torch);
  CHECK(b.largest <= torch);
  CHECK(b.largest > 0);
  const std::vector<float> zero(32), one(32, 1.0f);
  CHECK(model.get("he.bias") == std::vector<float>(64));
  CHECK(model.get("bn.weight") == one);
  CHECK(model.get("bn.bias") == zero);
  CHECK(model.get("bn.running_mean") == zero);
  CHECK(model.get("bn.running_var") == one);
  CHECK(model.get("bn.num_batches_tracked") == std::vector<float>{0});
}

TEST_CASE("frozen parameters do not move, and \"enc1\" does not cover \"enc10\"") {
  Model<Net> model(Seed{1});
  Optimizer optimizer(model, Adam{.learning_rate = 0.1, .weight_decay = 0.1});
  {
    auto pass = model.pass({.batch = 2});  // momentum from before the freezing must not move them
    run(model, pass);
    optimizer.step();
  }
  model.freeze("enc1");
  model.freeze("features.1");
  auto pass = model.pass({.batch = 2});
  std::vector<std::vector<float>> before;
  for (const auto& t : model.tensors()) before.push_back(model.get(t.name));
  run(model, pass);
  for (const float g : model.gradient("enc1.conv.weight")) CHECK(g == 0);
  optimizer.step();
  for (const auto& t : model.tensors()) {
    if (t.role != Role::trained) continue;
    CAPTURE(t.name);
    const bool frozen = t.name.starts_with("enc1.") || t.name.starts_with("features.1.");
    CHECK((model.get(t.name) == before[t.index]) == frozen);
  }
  model.freeze("", false);
  auto again = model.pass({.batch = 2});
  run(model, again);
  optimizer.step();
  CHECK(model.get("enc1.conv.weight") != before[0]);
}

TEST_CASE("frozen statistics: by prefix, in training too") {
  Model<Net> model(Seed{1});
  model.freeze_statistics("enc1");
  auto pass = model.pass({.batch = 2});
  run(model, pass);
  CHECK(model.get("enc1.bn.num_batches_tracked")[0] == 0);
  CHECK(model.get("enc1.bn.running_mean") == std::vector<float>(3));
  CHECK(model.get("enc10.bn.num_batches_tracked")[0] == 1);
  CHECK(model.get("features.1.running_mean") != std::vector<float>(5));
}

TEST_CASE("a named block's parameters have the layout of the block alone") {
  Model<Net> whole(Seed{1});
  Model<Alone> alone(Seed{2});
  const auto part = whole.part<"features">();
  REQUIRE(part.trained.size() == alone.parameters().size());
  REQUIRE(part.gradients.size() == alone.gradients().size());
  REQUIRE(part.statistics.size() == alone.statistics().size());
  CHECK(part.counters.size() == 1);
  std::copy(alone.parameters().begin(), alone.parameters().end(), part.trained.begin());
  std::fill(part.statistics.begin(), part.statistics.end(), 3.0f);
  part.counters[0] = 5;
  for (const char* name : {"0.weight", "0.bias", "1.weight", "3.weight", "3.bias"})
    CHECK(whole.get("features." + std::string(name)) == alone.get(name));
  CHECK(whole.get("features.1.running_var") == std::vector<float>(5, 3.0f));
  CHECK(whole.get("enc10.bn.running_var") == std::vector<float>(2, 1.0f));
  CHECK(whole.get("features.1.num_batches_tracked")[0] == 5);
}

TEST_CASE("a model may move while a pass is alive") {
  Model<Net> model(Seed{1});
  auto pass = model.pass({.batch = 2});
  Model<Net> moved = std::move(model);
  run(moved, pass);
  CHECK(moved.gradient("enc10.conv.weight") != std::vector<float>(7 * 2 * 9));
}

TEST_CASE("errors name what is wrong") {
  Model<Net> model;
  CHECK_THROWS_WITH_AS(model.get("enc1"), "the model has no tensor \"enc1\"", ArgumentError);
  CHECK_THROWS_WITH_AS(model.set("enc1.bn.bias", std::vector<float>(4)),
                       "tensor \"enc1.bn.bias\" has 3 elements, got 4", ArgumentError);
  CHECK_THROWS_WITH_AS(model.gradient("enc1.bn.running_mean"),
                       "tensor \"enc1.bn.running_mean\" has no gradient", ArgumentError);
  CHECK_THROWS_WITH_AS(model.counter("enc1.bn.bias"), "tensor \"enc1.bn.bias\" is not a counter",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(model.freeze("enc2"),
                       "no layer of the network has the name or prefix \"enc2\"", ArgumentError);
  CHECK_THROWS_WITH_AS(model.freeze_statistics("enc"),
                       "no layer of the network has the name or prefix \"enc\"", ArgumentError);
  CHECK_THROWS_WITH_AS(model.part<"feature">(), "no block of the network is named \"feature\"",
                       ArgumentError);
}
