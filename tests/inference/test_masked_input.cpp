// SPDX-License-Identifier: BSD-3-Clause
// write_masked: 0 in the holes, the mask beside it, and what it refuses.
#include <doctest/doctest.h>

#include <vector>

#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/network/model.hpp>
#include <tessera/inference/masked_input.hpp>

using namespace tessera;

namespace {

using Net = Network<MaskedInput<3, 2, 3>, PartialConv2d<3, 1, kernel(1)>>;

}  // namespace

TEST_CASE("write_masked: images outside the holes, 0 in them, the mask of valid pixels") {
  Model<Net> model;
  auto pass = model.pass({.batch = 2});
  Tensor<float> images(2, {3, 2, 3});
  for (std::size_t i = 0; i < images.size(); ++i) images.data()[i] = static_cast<float>(i + 1);
  const std::vector<std::uint8_t> hole{0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1};
  write_masked(pass, std::as_const(images).view(), {hole.data(), 2, 3, 2});
  for (std::ptrdiff_t p = 0; p < 12; ++p) {
    const bool missing = hole[static_cast<std::size_t>(p)] != 0;
    CHECK(*pass.input_valid().pixel(p) == !missing);
    for (int c = 0; c < 3; ++c)
      CHECK(pass.input().pixel(p)[c] == (missing ? 0 : images.view().pixel(p)[c]));
  }
  write_masked(pass, std::as_const(images).view(), {});
  CHECK(pass.input().pixel(1)[0] == 4);
  CHECK(*pass.input_valid().pixel(1) == 1);
}

TEST_CASE("write_masked: images of another batch, size or channels are refused") {
  Model<Net> model;
  auto pass = model.pass({.batch = 2});
  const std::vector<std::uint8_t> hole(64);
  const Tensor<float> fewer(1, {3, 2, 3}), larger(2, {3, 3, 3}), grey(2, {3, 2, 1});
  for (const Tensor<float>* const images : {&fewer, &larger, &grey})
    CHECK_THROWS_WITH_AS(write_masked(pass, images->view(), {hole.data(), 2, 3, 2}),
                         doctest::Contains("masked input: the pass takes 2 of 3x2x3, got"),
                         ShapeError);
  const Tensor<float> fitting(2, {3, 2, 3});
  for (const HoleView holes : {HoleView{hole.data(), 1, 3, 2}, HoleView{hole.data(), 2, 2, 3}})
    CHECK_THROWS_WITH_AS(write_masked(pass, fitting.view(), holes),
                         doctest::Contains("masked input: expected holes [2, 3, 2], got ["),
                         ShapeError);
}
