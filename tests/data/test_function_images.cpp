// SPDX-License-Identifier: BSD-3-Clause
// FunctionImages: by sample and by image, as a data set.
#include <doctest/doctest.h>

#include <tessera/data/function_images.hpp>
#include <tessera/data/loader.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/tensor/tensor.hpp>

using namespace tessera;

namespace {

float value(std::size_t i, int y, int x, int c) {
  return static_cast<float>(1000 * static_cast<int>(i) + 100 * y + 10 * x + c) / 10000;
}
void fill(std::size_t i, View<float> image) {
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      for (int c = 0; c < image.channels; ++c)
        image.pixel(y * image.width + x)[c] = value(i, y, x, c);
}

}  // namespace

TEST_CASE("FunctionImages: every sample where it belongs, by either kind of function") {
  const FunctionImages by_sample({3, 5, 2}, 4, value);
  const FunctionImages by_image({3, 5, 2}, 4, fill);
  static_assert(Dataset<decltype(by_sample)> && Dataset<decltype(by_image)>);
  CHECK(by_sample.size() == 4);
  CHECK(by_sample.shape() == Shape{3, 5, 2});
  for (std::size_t i = 0; i < 4; ++i) {
    Tensor<float> a(1, {3, 5, 2}), b(1, {3, 5, 2});
    by_sample.read(i, a.view());
    by_image.read(i, b.view());
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 5; ++x)
        for (int c = 0; c < 2; ++c) {
          CHECK(a.view().pixel(y * 5 + x)[c] == value(i, y, x, c));
          CHECK(b.view().pixel(y * 5 + x)[c] == value(i, y, x, c));
        }
  }
}

TEST_CASE("FunctionImages: a loader takes it, with what the function has captured") {
  const float level = 0.25f;
  const FunctionImages images({4, 4, 3}, 6,
                              [level](std::size_t, int, int, int) { return double{level}; });
  Loader loader(with_masks(images, LineMasks{}), LoaderOptions::evaluation(6, Seed{1}));
  Batch batch = loader.make_batch();
  REQUIRE(loader.next(batch));
  for (const float v : batch.image.span()) CHECK(v == level);
}
