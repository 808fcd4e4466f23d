// SPDX-License-Identifier: BSD-3-Clause
// A data set that a function makes: for tutorials, tests, and images that are computed.
#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tessera/data/dataset.hpp>

namespace tessera {

/// `count` images of one shape, made by a function of the index each time they are read. It is
///
///   float value(std::size_t i, int y, int x, int channel)    the value of a sample in [0, 1], or
///   void write(std::size_t i, View<float> image)             writes image i, [1, H, W, C]
///
/// and may be called by several threads at once.
///
///   const FunctionImages stripes({32, 32, 3}, 100, [](std::size_t i, int y, int x, int channel) {
///     return (x + static_cast<int>(i)) % 10 < 5 ? 1.0f : 0.1f * static_cast<float>(channel);
///   });
template <class Function>
class FunctionImages {
 public:
  static constexpr bool by_sample =
      std::is_invocable_r_v<float, const Function&, std::size_t, int, int, int>;
  static_assert(by_sample || std::is_invocable_v<const Function&, std::size_t, View<float>>,
                "tessera: FunctionImages needs a function of (index, y, x, channel) that gives a "
                "number, or one of (index, View<float>) that writes the image");

  FunctionImages(Shape shape, std::size_t count, Function function)
      : shape_(shape), count_(count), function_(std::move(function)) {}

  std::size_t size() const { return count_; }
  Shape shape() const { return shape_; }
  void read(std::size_t index, View<float> image) const {
    if constexpr (by_sample) {
      for (int y = 0; y < shape_.height; ++y)
        for (int x = 0; x < shape_.width; ++x)
          for (int c = 0; c < shape_.channels; ++c)
            image.pixel(std::ptrdiff_t{y} * shape_.width + x)[c] =
                static_cast<float>(function_(index, y, x, c));
    } else {
      function_(index, image);
    }
  }

 private:
  Shape shape_;
  std::size_t count_;
  Function function_;
};

}  // namespace tessera
