// SPDX-License-Identifier: BSD-3-Clause
// inpaint: known pixels bit by bit, holes from the network, any size it accepts, xtensor in and
// out.
#include <doctest/doctest.h>

#include <cstring>
#include <limits>

#include <tessera/inference/inpaint.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>

using namespace tessera;

namespace {

constexpr Window same = kernel(3).same();
using Net = Network<MaskedInput<8, 8, 3>,
                    SkipConcat<PartialConv2d<3, 4, kernel(3).stride(2).same()>, Upsample2d<2>>,
                    PartialConv2d<7, 3, same>, Sigmoid>;
using Plain = Network<Input<4, 4, 3>, Conv2d<3, 3, same>, Sigmoid>;

struct Case {
  xt::xtensor<float, 4> images;
  xt::xtensor<int, 3> holes;
  Case(std::size_t n, std::size_t h, std::size_t w, std::size_t c = 3)
      : images(std::array<std::size_t, 4>{n, h, w, c}), holes(std::array<std::size_t, 3>{n, h, w}) {
    RandomStream random(Seed{n * 100 + h * 10 + w}, 0);
    for (float& v : images) v = static_cast<float>(random.uniform());
    for (int& v : holes) v = random.uniform() < 0.3 ? 255 : 0;
  }
};
bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

template <class Model>
void check(Model& model, const Case& in) {
  const xt::xtensor<float, 4> out = model.inpaint(in.images, in.holes);
  REQUIRE(out.shape() == in.images.shape());
  auto pass = model.pass({.batch = static_cast<int>(in.images.shape()[0]),
                          .mode = Mode::evaluate,
                          .gradients = false,
                          .inputs = {as_view(in.images).shape()}});
  const auto size = in.holes.size(), channels = in.images.shape()[3];
  for (std::size_t p = 0; p < size; ++p) {
    for (std::size_t c = 0; c < channels; ++c)
      pass.input().data[p * channels + c] =
          in.holes.data()[p] ? 0 : in.images.data()[p * channels + c];
    if (pass.input_valid()) pass.input_valid().data[p] = in.holes.data()[p] == 0;
  }
  pass.forward();
  for (std::size_t p = 0; p < size; ++p)
    for (std::size_t c = 0; c < channels; ++c)
      CHECK(same_bits(out.data()[p * channels + c], in.holes.data()[p]
                                                        ? pass.output().data[p * channels + c]
                                                        : in.images.data()[p * channels + c]));
}

}  // namespace

TEST_CASE("known pixels stay bit by bit, holes are the network's output") {
  Model<Net> model(Seed{1});
  check(model, Case(2, 8, 8));
  Model<Plain> plain(Seed{1});
  check(plain, Case(3, 4, 4));
}

TEST_CASE("sizes other than the declared one") {
  Model<Net> model(Seed{1});
  check(model, Case(1, 12, 6));
  check(model, Case(1, 2, 32));
}

TEST_CASE("many images: in batches, each as if it were alone") {
  Model<Net> model(Seed{1});
  const Case in(70, 4, 4);
  const auto out = model.inpaint(in.images, in.holes);
  for (std::size_t i : {std::size_t{0}, std::size_t{31}, std::size_t{32}, std::size_t{69}}) {
    Case one(1, 4, 4);
    std::copy_n(in.images.data() + i * 48, 48, one.images.data());
    std::copy_n(in.holes.data() + i * 16, 16, one.holes.data());
    const auto single = model.inpaint(one.images, one.holes);
    for (std::size_t k = 0; k < 48; ++k) CHECK(same_bits(single.data()[k], out.data()[i * 48 + k]));
  }
}

TEST_CASE("holes of any number type; what lies under them does not matter") {
  Model<Net> model(Seed{1});
  Case in(2, 8, 8);
  const auto out = model.inpaint(in.images, in.holes);
  xt::xtensor<bool, 3> as_bool = xt::not_equal(in.holes, 0);
  xt::xtensor<double, 3> as_double = in.holes / 255.0;
  for (std::size_t p = 0; p < in.holes.size(); ++p)
    for (std::size_t c = 0; c < 3; ++c)
      if (in.holes.data()[p]) in.images.data()[p * 3 + c] = std::numeric_limits<float>::quiet_NaN();
  const auto a = model.inpaint(in.images, as_bool), b = model.inpaint(in.images, as_double);
  CHECK(std::memcmp(a.data(), out.data(), out.size() * sizeof(float)) == 0);
  CHECK(std::memcmp(b.data(), out.data(), out.size() * sizeof(float)) == 0);
}

TEST_CASE("no images give no images") {
  Model<Net> model;
  CHECK(model
            .inpaint(xt::xtensor<float, 4>(std::array<std::size_t, 4>{0, 8, 8, 3}),
                     xt::xtensor<int, 3>(std::array<std::size_t, 3>{0, 8, 8}))
            .size() == 0);
}

TEST_CASE("errors") {
  Model<Net> model;
  const Case grey(1, 8, 8, 1);
  CHECK_THROWS_WITH_AS(model.inpaint(grey.images, grey.holes),
                       "inpaint: expected images [N, H, W, C] of 3 channels, got 8x8x1",
                       ShapeError);
  const Case in(1, 8, 8), other(1, 8, 9);
  CHECK_THROWS_WITH_AS(model.inpaint(in.images, other.holes),
                       "inpaint: expected holes [1, 8, 8], got [1, 8, 9]", ShapeError);
}
