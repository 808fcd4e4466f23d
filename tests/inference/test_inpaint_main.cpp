// SPDX-License-Identifier: BSD-3-Clause
// A program of one's own network: restores a picture, refuses in sentences before the work.
#include <doctest/doctest.h>

#include <tessera/inference/inpaint_main.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/partial_conv2d.hpp>

#include "../temporary_folder.hpp"

using namespace tessera;

namespace {

using Own = Network<MaskedInput<8, 8, 3>, PartialConv2d<3, 3, kernel(3).padding(1)>, Sigmoid>;

int run(std::vector<std::string> words) {
  words.insert(words.begin(), "own");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return inpaint_main<Own>(static_cast<int>(argv.size()), argv.data());
}
std::string refusal(const std::vector<std::string>& words) {
  try {
    InpaintArguments::parse(words);
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a program of one line restores a picture with a network of one's own") {
  const testing::TemporaryFolder folder;
  const auto at = [&](const char* name) { return (folder / name).string(); };
  Model<Own> model(Seed{5});
  model.save(at("own.safetensors"));
  Image image(40, 30, 3), white(40, 30, 1);
  for (std::size_t i = 0; i < image.samples.size(); ++i)
    image.samples[i] = static_cast<std::uint16_t>(i % 251);
  for (int x = 4; x < 9; ++x) white.pixel(7, x)[0] = 255;
  write_image(at("image.png"), image);
  write_image(at("mask.png"), white);
  const auto arguments = [&](const char* out) {
    return std::vector<std::string>{at("own.safetensors"), at("image.png"), at("mask.png"), "-o",
                                    at(out)};
  };
  REQUIRE(run(arguments("out.png")) == 0);
  const Image expected = restore_image(model, image, to_hole(white));
  const Image got = read_image(at("out.png"));
  CHECK(std::equal(got.samples.begin(), got.samples.end(), expected.samples.begin(),
                   expected.samples.end()));
  CHECK(!std::equal(got.samples.begin(), got.samples.end(), image.samples.begin(),
                    image.samples.end()));
  auto inverted = arguments("inverted.png");
  inverted.insert(inverted.end(), {"--invert", "--quiet", "--threads", "1", "--memory-limit", "9"});
  REQUIRE(run(inverted) == 0);
  CHECK(read_image(at("inverted.png")).pixel(7, 5)[1] == image.pixel(7, 5)[1]);
  CHECK(run(arguments("none/out.png")) == 1);
  CHECK(run(arguments("out.txt")) == 1);
  auto small = arguments("small.png");
  write_image(at("mask.png"), Image(3, 3, 1));
  CHECK(run(small) == 1);
  CHECK(run({"--help"}) == 0);
  CHECK(run({"a", "b"}) == 2);
}

TEST_CASE("wrong use is a sentence") {
  CHECK(refusal({"m", "i", "k", "-o", "o"}).empty());
  CHECK(refusal({"m", "i"}) == "expected MODEL IMAGE MASK -o OUT, got 2 names and no -o");
  CHECK(refusal({"m", "i", "k", "-o"}) == "-o: expected a value behind it");
  CHECK(refusal({"m", "i", "k", "--colour"}) == "--colour: no such option");
  for (const char* text : {"17592186044416", "99999999999999999999", "0", "-1", "1e3", "", "x"})
    CHECK(refusal({"--memory-limit", text}) ==
          std::string("--memory-limit: expected a whole number of at least 1 and at most "
                      "17592186044415, got ") +
              text);
  CHECK(InpaintArguments::parse({"m", "i", "k", "-o", "o", "--memory-limit", "17592186044415"})
            .memory_limit == 17592186044415);
}
