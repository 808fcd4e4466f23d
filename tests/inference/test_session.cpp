// SPDX-License-Identifier: BSD-3-Clause
// Sessions: several threads restore images on one model's weights at the same time, each with the
// bits that the model gives alone. Built with -fsanitize=thread this is also the race check.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include <tessera/data/masks.hpp>
#include <tessera/inference/inpaint.hpp>
#include <tessera/inference/session.hpp>
#include <tessera/kernels/gemm.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>

using namespace tessera;

namespace {

template <int In, int Out, int Stride = 1>
struct Module : Sequential<PartialConv2d<In, Out, kernel(3).stride(Stride).same()>,
                           BatchNorm2d<Out>, LeakyReLU<>> {};
using Net = Network<MaskedInput<16, 16, 3>, Module<3, 8>,
                    SkipConcat<Module<8, 16, 2>, SkipConcat<>, Upsample2d<2>>,
                    PartialConv2d<40, 3, kernel(3).same()>, Sigmoid>;

struct Images {
  Tensor<float> pixels;
  std::vector<std::uint8_t> hole;
  explicit Images(std::uint64_t seed, int count = 5)
      : pixels(count, {16, 16, 3}), hole(static_cast<std::size_t>(count) * 16 * 16) {
    RandomStream random(Seed{seed}, 0);
    for (std::ptrdiff_t i = 0; i < pixels.view().size(); ++i)
      pixels.data()[i] = static_cast<float>(random.uniform());
    for (std::uint8_t& h : hole) h = random.uniform() < 0.4;
  }
  HoleView holes() const { return make_hole_view(hole.data(), pixels.batch(), pixels.shape()); }
};

std::vector<float> values(View<const float> y) {
  return std::vector<float>(y.data, y.data + y.size());
}
/// Restores the images by the raw output of an evaluation pass.
std::vector<float> restore(auto& model_or_session, const Images& in) {
  auto pass = model_or_session.pass({.batch = 5, .mode = Mode::evaluate, .gradients = false});
  run_on_masked(pass, in.pixels.view(), in.holes());
  return values(pass.output());
}
bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("session: threads at the same time give the bits that the model gives alone") {
  constexpr int threads = 4, rounds = 8;
  const Model<Net> model(Seed{3});
  std::vector<Images> images;
  for (int i = 0; i < threads; ++i) images.emplace_back(static_cast<std::uint64_t>(i));
  std::array<std::vector<std::vector<float>>, threads> got;
  {
    // Sessions are also made in their threads, and run before the process has done any other work.
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < threads; ++i)
      workers.emplace_back([&, i] {
        auto session = model.session();
        for (int round = 0; round < rounds; ++round)
          got[i].push_back(
              restore(session, images[(i + static_cast<std::size_t>(round)) % threads]));
      });
    for (std::thread& worker : workers) worker.join();
  }
  Model<Net> alone(Seed{3}, Context<Cpu>{2});
  for (std::size_t i = 0; i < threads; ++i)
    for (std::size_t round = 0; round < rounds; ++round)
      CHECK(same_bits(got[i][round], restore(alone, images[(i + round) % threads])));
}

TEST_CASE("session: inpaint in two threads") {
  Model<Net> model(Seed{4});
  const Images images(9);
  const auto restored = [&](auto& handle) {
    return values(inpaint_images(handle, images.pixels.view(), images.holes()).view());
  };
  xt::xtensor<float, 4> in(std::array<std::size_t, 4>{5, 16, 16, 3});
  xt::xtensor<int, 3> holes(std::array<std::size_t, 3>{5, 16, 16});
  std::copy_n(images.pixels.data(), in.size(), in.begin());
  std::copy(images.hole.begin(), images.hole.end(), holes.begin());
  std::array<xt::xtensor<float, 4>, 2> out;
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < 2; ++i)
    workers.emplace_back(
        [&, i, session = model.session()]() mutable { out[i] = session.inpaint(in, holes); });
  for (std::thread& worker : workers) worker.join();
  const std::vector<float> expected = restored(model);
  for (const auto& got : out) {
    REQUIRE(got.size() == expected.size());
    CHECK(std::memcmp(got.data(), expected.data(), got.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("session: the first matrix product may come from two threads at once") {
  std::vector<float> a(40 * 30, 0.5f), b(30 * 20, 2.0f);
  std::array<std::vector<float>, 2> c{std::vector<float>(800), std::vector<float>(800)};
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < 2; ++i)
    workers.emplace_back([&, i] {
      kernels::gemm(Context<Cpu>{1}, kernels::Transpose::no, kernels::Transpose::no, 40, 20, 30, 1,
                    a.data(), 30, b.data(), 20, 0, c[i].data(), 20);
    });
  for (std::thread& worker : workers) worker.join();
  for (const auto& result : c)
    for (const float v : result) CHECK(v == 30.0f);
}

TEST_CASE("session: evaluation mode, no gradients, weights of now, alive after the model") {
  std::optional<Model<Net>> model(std::in_place, Seed{5});
  const Images images(1);
  auto session = model->session();
  auto pass = session.pass({.batch = 2, .mode = Mode::train, .gradients = true});
  CHECK(pass.mode() == Mode::evaluate);
  CHECK_THROWS_AS(pass.backward(), ArgumentError);
  CHECK(session.context().threads == 1);
  CHECK(model->session(Context<Cpu>{2}).context().threads == 2);

  const auto before = restore(session, images);
  auto weight = model->get("0.weight");
  for (float& w : weight) w *= 2;
  model->set("0.weight", weight);
  const auto after = restore(session, images);
  CHECK_FALSE(same_bits(before, after));
  CHECK(same_bits(after, restore(*model, images)));
  Model<Net> moved = std::move(*model);
  model.reset();
  CHECK(same_bits(after, restore(session, images)));
  CHECK(same_bits(after, restore(moved, images)));
}

TEST_CASE("inpaint takes its options in braces, of a model and of a session") {
  Model<Net> model(Seed{6});
  auto session = model.session();
  const xt::xtensor<float, 4> images = xt::ones<float>({1, 40, 16, 3}) * 0.5f;
  xt::xtensor<int, 3> holes = xt::zeros<int>({1, 40, 16});
  holes(0, 20, 3) = 1;
  int passes = 0;
  const auto a = model.inpaint(images, holes, {.memory_limit = 200_MiB});
  const auto b = session.inpaint(
      images, holes, {.memory_limit = 100_MiB, .on_pass = [&](const InpaintReport&) { ++passes; }});
  CHECK(a == b);
  CHECK(a == model.inpaint(images, holes));
  CHECK(a == model.inpaint(images, holes, {}));
  CHECK(passes == 1);
  CHECK_THROWS_AS(model.inpaint(images, holes, {.memory_limit = 1}), ArgumentError);
}
