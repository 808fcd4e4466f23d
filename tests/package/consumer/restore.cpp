// SPDX-License-Identifier: BSD-3-Clause
// A program of two units, both with the library: an image file goes in, a network fills its hole by
// way of xtensor, an image file comes out.
#include <tessera/data/image.hpp>
#include <tessera/data/image_writer.hpp>
#include <tessera/tessera.hpp>

namespace ts = tessera;

ts::Image decode_in_other_unit(std::span<const std::byte> file);

using Net = ts::Network<ts::MaskedInput<8, 8, 3>, ts::PartialConv2d<3, 3, ts::kernel(3).same()>,
                        ts::Sigmoid>;

int main() {
  ts::Image image(8, 8, 3);
  for (std::size_t i = 0; i < image.samples.size(); ++i)
    image.samples[i] = static_cast<std::uint16_t>(i);
  const ts::Image decoded = decode_in_other_unit(ts::encode_png(image));
  const xt::xtensor<float, 4> pixels = ts::to_xtensor(ts::to_tensor(decoded, 3));
  xt::xtensor<int, 3> holes = xt::zeros<int>({1, 8, 8});
  holes(0, 3, 4) = 1;
  ts::Model<Net> model;
  const xt::xtensor<float, 4> restored = model.inpaint(pixels, holes);
  return restored(0, 0, 1, 2) == 5.0f / 255.0f && restored(0, 3, 4, 0) > 0.0f ? 0 : 1;
}
