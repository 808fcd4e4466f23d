// SPDX-License-Identifier: BSD-3-Clause
// LayerNorm: gradients, PyTorch's numbers, both modes alike, tokens.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/layer_norm.hpp>

#include "../gradient_checks.hpp"
#include "norm_numbers.hpp"

using namespace tessera;
using testing::compare;
using testing::expect_gradients;

namespace {

using Alone = Network<Input<5, 7, 6>, LayerNorm<6>>;
using Behind = Network<Input<5, 7, 3>, Conv2d<3, 17, kernel(3).same()>, LayerNorm<17>, GELU,
                       Conv2d<17, 5, kernel(1)>, LayerNorm<5, eps(0.1)>>;
using Strided = Network<Input<5, 7, 3>, Conv2d<3, 6, kernel(3).same()>, SkipConcat<LayerNorm<6>>,
                        LayerNorm<12>>;

}  // namespace

TEST_CASE("LayerNorm: gradients alone, behind a convolution, as a slice, of tokens") {
  expect_gradients<Alone>({{5, 7, 6}, {1, 1, 6}, {1, 19, 6}});
  expect_gradients<Behind>({{5, 7, 3}, {3, 17, 3}});
  expect_gradients<Strided>({{5, 7, 3}, {4, 1, 3}});
  expect_gradients<Behind>({{5, 7, 3}}, {.mode = Mode::evaluate});
}

TEST_CASE("LayerNorm: torch.nn.LayerNorm(5, eps=1e-3) of [2, 3, 1, 5] (2.15, double)") {
  Model<Network<Input<3, 1, 5>, LayerNorm<5, eps(1e-3)>>, Cpu, double> model;
  std::vector<double> weight, bias;
  for (int c = 0; c < 5; ++c) weight.push_back(0.5 + c / 4.0), bias.push_back(c / 10.0 - 0.2);
  model.set("0.weight", weight);
  model.set("0.bias", bias);
  compare(model, {-1.151428431509665, 0.0, 0.223018429794589, 0.602062108734954, -0.78250563702276},
          {-0.134402912223437, 0.176501127404552, -0.688258187935613, 0.146949261914255,
           0.086188634643811});
  const double dweight[]{0.7302183144631371, 2.2053139686060783, 0.4404192900697962,
                         -0.10897510021121773, 0.5571307977630371};
  const double dbias[]{-2.3, 2.7, 1.5, 0.3, -0.9};
  const TensorInfo* const tensors = model.structure().tensors.data();
  const double *const first = model.gradients().data() + tensors[0].offset,
                      *const second = model.gradients().data() + tensors[1].offset;
  for (int c = 0; c < 5; ++c) {
    CHECK(std::fabs(first[c] - dweight[c]) < 1e-12);
    CHECK(std::fabs(second[c] - dbias[c]) < 1e-12);
  }
}

TEST_CASE("LayerNorm: training and evaluation, one thread and two: the same bits") {
  using Net = Network<Input<20, 31, 18>, LayerNorm<18>>;
  std::vector<float> first;
  for (const Mode mode : {Mode::train, Mode::evaluate})
    for (const int threads : {1, 2}) {
      Model<Net> model(Seed{1}, Context<Cpu>{threads});
      auto pass = model.pass({.batch = 1, .mode = mode, .input_gradients = true});
      RandomStream random(Seed{2}, 0);
      for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
        pass.input().data[i] = static_cast<float>(random.normal());
      pass.forward();
      for (std::ptrdiff_t i = 0; i < pass.output().size(); ++i)
        pass.output_gradient().data[i] = static_cast<float>(random.normal());
      model.zero_gradients();
      std::vector<float> all(pass.output().data, pass.output().data + pass.output().size());
      pass.backward();
      const auto dx = pass.input_gradient();
      all.insert(all.end(), dx.data, dx.data + dx.size());
      all.insert(all.end(), model.gradients().begin(), model.gradients().end());
      if (first.empty()) first = all;
      REQUIRE(all.size() == first.size());
      CHECK(std::memcmp(all.data(), first.data(), all.size() * sizeof(float)) == 0);
    }
}

TEST_CASE("LayerNorm: shapes, masks, state, complaints") {
  using Layer = LayerNorm<4>;
  static_assert(Layer::output_shape(Shape{1, 77, 4}).shape == Shape{1, 77, 4});
  static_assert(Layer::output_shape(Shape{3, 5, 4}.with_mask()).shape.masked());
  static_assert(Layer::output_shape(Shape{3, 5, 3}).complaint == Complaint::channels);
  constexpr auto list = Layer::parameters({});
  static_assert(list.size() == 2 && list[0].name == "weight" && list[1].name == "bias");
  static_assert(list[0].dims == Dims{4} && list[0].initializer.value == 1);
  static_assert(layer_of<Layer>.name == "layer_norm");
}
