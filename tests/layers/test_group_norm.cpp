// SPDX-License-Identifier: BSD-3-Clause
// GroupNorm: gradients, PyTorch's numbers, both modes alike, its ends (one group, groups of one).
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/group_norm.hpp>

#include "../gradient_checks.hpp"
#include "norm_numbers.hpp"

using namespace tessera;
using testing::compare;
using testing::expect_gradients;

namespace {

using Alone = Network<Input<5, 7, 6>, GroupNorm<3, 6>>;
using Behind = Network<Input<5, 7, 3>, Conv2d<3, 10, kernel(3).same()>, GroupNorm<2, 10>, SiLU,
                       Conv2d<10, 5, kernel(1)>, GroupNorm<1, 5, eps(0.1)>>;
using Strided = Network<Input<5, 7, 3>, Conv2d<3, 6, kernel(3).same()>, SkipConcat<GroupNorm<6, 6>>,
                        GroupNorm<3, 12>>;

}  // namespace

TEST_CASE("GroupNorm: gradients alone, behind a convolution, as a slice") {
  expect_gradients<Alone>({{5, 7, 6}, {1, 1, 6}, {7, 1, 6}});
  expect_gradients<Behind>({{5, 7, 3}, {3, 17, 3}});
  expect_gradients<Strided>({{5, 7, 3}, {4, 1, 3}});
  expect_gradients<Behind>({{5, 7, 3}}, {.mode = Mode::evaluate});
}

TEST_CASE("GroupNorm: torch.nn.GroupNorm(3, 6, eps=1e-3) of [2, 3, 1, 6] (2.15, double)") {
  Model<Network<Input<3, 1, 6>, GroupNorm<3, 6, eps(1e-3)>>, Cpu, double> model;
  std::vector<double> weight, bias;
  for (int c = 0; c < 6; ++c) weight.push_back(0.5 + c / 4.0), bias.push_back(c / 10.0 - 0.2);
  model.set("0.weight", weight);
  model.set("0.bias", bias);
  compare(model,
          {-1.035864529168867, -0.607261298236068, 0.518862828671885, 1.551596796839063,
           -1.502518656579622, 0.52700248754395},
          {-0.199823529871572, 0.304332027782127, -1.212803154657077, -0.266687197489233,
           -0.229816870952835, 1.193011244189379});
  const double dweight[]{2.3684955208204843, -2.5918181049495708, 1.1362412181997708,
                         2.7383995713724123, 2.7544561379117583,  0.3096926665429009};
  const double dbias[]{-2.2, -0.3, 1.6, 0.4, 2.3, 1.1};
  const TensorInfo* const tensors = model.structure().tensors.data();
  const double *const first = model.gradients().data() + tensors[0].offset,
                      *const second = model.gradients().data() + tensors[1].offset;
  for (int c = 0; c < 6; ++c) {
    CHECK(std::fabs(first[c] - dweight[c]) < 1e-12);
    CHECK(std::fabs(second[c] - dbias[c]) < 1e-12);
  }
}

TEST_CASE("GroupNorm: training and evaluation, one thread and two: the same bits") {
  using Net = Network<Input<20, 31, 12>, GroupNorm<4, 12>>;
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

TEST_CASE("GroupNorm: shapes, masks, state, complaints") {
  using Layer = GroupNorm<2, 4>;
  static_assert(Layer::output_shape(Shape{3, 5, 4}).shape == Shape{3, 5, 4});
  static_assert(Layer::output_shape(Shape{3, 5, 4}.with_mask()).shape.masked());
  static_assert(Layer::output_shape(Shape{3, 5, 3}).complaint == Complaint::channels);
  constexpr auto list = Layer::parameters({});
  static_assert(list.size() == 2 && list[0].name == "weight" && list[1].name == "bias");
  static_assert(list[0].dims == Dims{4} && list[0].initializer.value == 1);
  static_assert(list[1].dims == Dims{4} && list[1].initializer.value == 0);
  static_assert(layer_of<Layer>.name == "group_norm");
}
