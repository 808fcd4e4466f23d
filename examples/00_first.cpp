// SPDX-License-Identifier: BSD-3-Clause
// The smallest whole program: a network is trained on images that a function makes, fills holes,
// and is saved.
#include <tessera/tessera.hpp>

namespace ts = tessera;
using Net =
    ts::Network<ts::MaskedInput<32, 32, 3>, ts::PartialConv2d<ts::any, 16, ts::kernel(5).same()>,
                ts::ReLU, ts::PartialConv2d<ts::any, 3, ts::kernel(5).same()>, ts::Sigmoid>;

int main() {
  const ts::FunctionImages stripes({32, 32, 3}, 200, [](std::size_t i, int, int x, int channel) {
    return (x + static_cast<int>(i)) % 10 < 5 ? 1.0f : 0.1f * static_cast<float>(channel);
  });
  ts::Model<Net, ts::Cpu> model(ts::Seed{7});
  ts::Trainer trainer(model, ts::MseLoss{}, ts::Adam{.learning_rate = 1e-2});
  trainer.fit(ts::with_masks(stripes, ts::LineMasks{}), {.epochs = 3, .batch_size = 20});

  const xt::xtensor<float, 4> images = xt::ones<float>({1, 32, 32, 3});
  xt::xtensor<std::uint8_t, 3> holes = xt::zeros<std::uint8_t>({1, 32, 32});
  holes(0, 16, 16) = 1;  // 1 = missing
  const xt::xtensor<float, 4> restored = model.inpaint(images, holes);
  model.save("first.safetensors");
}
