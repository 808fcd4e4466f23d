// SPDX-License-Identifier: BSD-3-Clause
// Initialized: rules reach every trained tensor of their block and nothing else.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/initialized.hpp>
#include <tessera/network/model.hpp>

using namespace tessera;

namespace {

constexpr Window same = kernel(3).same();
struct Block : Sequential<Named<"conv", Conv2d<16, 32, same>>, Named<"bn", BatchNorm2d<32>>> {};
struct Deep : Sequential<Named<"conv", Conv2d<32, 32, same>>> {};
template <InitialRule Rule>
using Net = Network<Input<8, 8, 16>, Named<"before", Conv2d<16, 16, same>>,
                    Initialized<Rule, Named<"in", Block>, ReLU, Named<"deep", Deep>>,
                    Named<"after", Conv2d<32, 16, same>>>;

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};
template <class N>
Moments moments(const char* name) {
  const Model<N> model(Seed{5});
  const auto v = model.get(name);
  Moments m;
  for (const double x : v) {
    m.mean += x / static_cast<double>(v.size());
    m.largest = std::max(m.largest, std::abs(x));
  }
  for (const double x : v)
    m.deviation += (x - m.mean) * (x - m.mean) / static_cast<double>(v.size());
  m.deviation = std::sqrt(m.deviation);
  return m;
}

constexpr Initializer sevens(const Layer& layer, const Parameter& p) {
  return layer.name == std::string_view("conv2d") && p.name == "bias" ? constant(7) : p.initializer;
}

}  // namespace

TEST_CASE("dcgan: convolutions N(0, 0.02), gains N(1, 0.02), biases as they were") {
  using N = Net<dcgan>;
  for (const char* name : {"in.conv.weight", "deep.conv.weight"}) {
    CHECK(moments<N>(name).mean == doctest::Approx(0).epsilon(0.001));
    CHECK(moments<N>(name).deviation == doctest::Approx(0.02).epsilon(0.05));
  }
  CHECK(moments<N>("in.bn.weight").mean == doctest::Approx(1).epsilon(0.02));
  CHECK(moments<N>("in.bn.weight").deviation == doctest::Approx(0.02).epsilon(0.4));
  CHECK(moments<N>("in.bn.bias").largest == 0);
  CHECK(moments<N>("in.conv.bias").largest > 0.01);
  const double bound = 1 / std::sqrt(16 * 9.0);
  for (const char* name : {"before.weight", "before.bias", "after.bias"})
    CHECK(moments<N>(name).largest <= bound);
  CHECK(moments<N>("before.weight").largest > 0.99 * bound);
}

TEST_CASE("dcgan_zero_bias, glorot, he and a rule of one's own") {
  CHECK(moments<Net<dcgan_zero_bias>>("in.conv.bias").largest == 0);
  CHECK(moments<Net<dcgan_zero_bias>>("before.bias").largest > 0.01);
  const double bound = std::sqrt(6 / (16 * 9.0 + 32 * 9.0));
  CHECK(moments<Net<glorot>>("in.conv.weight").largest <= bound);
  CHECK(moments<Net<glorot>>("in.conv.weight").largest > 0.99 * bound);
  CHECK(moments<Net<glorot>>("in.conv.bias").largest == 0);
  CHECK(moments<Net<glorot>>("in.bn.weight").mean == 1);
  CHECK(moments<Net<he>>("in.conv.weight").deviation ==
        doctest::Approx(std::sqrt(2 / (16 * 9.0))).epsilon(0.03));
  CHECK(moments<Net<sevens>>("in.conv.bias").mean == 7);
  CHECK(moments<Net<sevens>>("deep.conv.bias").mean == 7);
  CHECK(moments<Net<sevens>>("after.bias").largest < 1);
}
