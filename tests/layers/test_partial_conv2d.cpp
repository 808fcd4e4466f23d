// SPDX-License-Identifier: BSD-3-Clause
// PartialConv2d through a model: gradients, and what makes it partial: rescaling, holes that change
// nothing, validity that only grows, mask groups.
#include <doctest/doctest.h>

#include <cstring>

#include <tessera/layers/partial_conv2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

constexpr Window same = kernel(3).same();

/// Turns the mask planes into features, so that a test can read them.
struct ShowMask {
  static constexpr std::string_view name = "show_mask";
  static constexpr bool needs_x = false, needs_y = false;
  static constexpr Shape output_shape(Shape in) { return {in.height, in.width, in.mask.count}; }
  template <class T>
  static void forward(const Run<Cpu, T>& run) {
    for (std::ptrdiff_t i = 0; i < run.y().size(); ++i)
      run.y().data[i] = static_cast<T>(run.x_valid().data[i]);
  }
  template <class T>
  static void backward(const Run<Cpu, T>&) {}
};

using Partial = Network<MaskedInput<6, 7, 3>, PartialConv2d<3, 4, same>>;
using Plain = Network<Input<6, 7, 3>, Conv2d<3, 4, same>>;
using Groups = Network<MaskedInput<5, 6, 2>, SkipConcat<Named<"inner", PartialConv2d<2, 3, same>>>,
                       Named<"outer", PartialConv2d<5, 4, kernel(3).stride(2).same()>>>;
using GroupMask = Network<MaskedInput<5, 6, 2>, SkipConcat<PartialConv2d<2, 3, same>>,
                          PartialConv2d<5, 4, kernel(3).stride(2).same()>, ShowMask>;

template <class T>
void random_input(Pass<Cpu, T>& pass, double hole_share, std::uint64_t seed = 9) {
  RandomStream random(Seed{seed}, 0);
  const View<T> x = pass.input();
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = static_cast<T>(random.normal());
  const MutableValidView valid = pass.input_valid();
  for (std::ptrdiff_t i = 0; i < valid.size(); ++i) valid.data[i] = random.uniform() >= hole_share;
}

/// Elements [h, w, c] with their own validity each: the formula without groups.
struct Masked {
  int height, width, channels;
  std::vector<double> value;
  std::vector<int> valid;
  std::size_t at(int h, int w, int c) const {
    return static_cast<std::size_t>((h * width + w) * channels + c);
  }
};
Masked naive(const Masked& x, int stride, const std::vector<double>& w,
             const std::vector<double>& b) {
  const int out = static_cast<int>(b.size());
  Masked y{(x.height - 1) / stride + 1, (x.width - 1) / stride + 1, out, {}, {}};
  for (int a = 0; a < y.height; ++a)
    for (int c = 0; c < y.width; ++c)
      for (int o = 0; o < out; ++o) {
        double sum = 0;
        int count = 0;
        for (int u = 0; u < 3; ++u)
          for (int v = 0; v < 3; ++v)
            for (int i = 0; i < x.channels; ++i) {
              const int h = stride * a - 1 + u, k = stride * c - 1 + v;
              if (h < 0 || k < 0 || h >= x.height || k >= x.width || !x.valid[x.at(h, k, i)])
                continue;
              ++count;
              sum += x.value[x.at(h, k, i)] *
                     w[static_cast<std::size_t>(((o * x.channels + i) * 3 + u) * 3 + v)];
            }
        y.value.push_back(count ? sum * 9 * x.channels / count + b[static_cast<std::size_t>(o)]
                                : 0);
        y.valid.push_back(count > 0);
      }
  return y;
}

}  // namespace

TEST_CASE("PartialConv2d: gradients under random holes") {
  for (const double share : {0.0, 0.3, 0.9})
    expect_gradients<Partial>({{6, 7, 3}, {1, 3, 3}, {9, 2, 3}}, {.hole_share = share});
  expect_gradients<Groups>({}, {.hole_share = 0.6});
}

TEST_CASE("PartialConv2d: without holes a convolution, rescaled at the border") {
  Model<Plain, Cpu, double> plain(Seed{1});
  Model<Partial, Cpu, double> partial(Seed{2});
  std::copy(plain.parameters().begin(), plain.parameters().end(), partial.parameters().begin());
  auto p = partial.pass({.batch = 2});
  auto q = plain.pass({.batch = 2});
  random_input(p, 0);
  std::copy_n(p.input().data, p.input().size(), q.input().data);
  p.forward();
  q.forward();
  const auto bias = plain.get("0.bias");
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 6; ++h)
      for (int w = 0; w < 7; ++w)
        for (int c = 0; c < 4; ++c) {
          const int rows = 3 - (h == 0) - (h == 5), columns = 3 - (w == 0) - (w == 6);
          const double b = bias[static_cast<std::size_t>(c)];
          const double expected = (q.output()(n, h, w, c) - b) * 9 / (rows * columns) + b;
          CHECK(p.output()(n, h, w, c) == doctest::Approx(expected).epsilon(1e-12));
        }
}

TEST_CASE("PartialConv2d: what lies under a hole changes nothing, bit for bit") {
  Model<Partial> model(Seed{2});
  for (float& w : model.parameters()) w += 0.125f;  // no zero bias
  const float inf = std::numeric_limits<float>::infinity(),
              nan = std::numeric_limits<float>::quiet_NaN();
  auto pass = model.pass({.batch = 3, .input_gradients = true});
  std::vector<std::vector<float>> seen;
  for (const float under : {0.0f, nan, inf, -inf, 1e38f}) {
    random_input(pass, 0.5);
    const auto valid = pass.input_valid();
    for (std::ptrdiff_t i = 0; i < 42; ++i) valid.data[i] = 0;  // sample 0: nothing is valid
    for (std::ptrdiff_t i = 0; i < pass.input().pixels(); ++i)
      if (!valid.data[i]) std::fill_n(pass.input().pixel(i), 3, under);
    const std::vector<std::uint8_t> holes(valid.data, valid.data + valid.size());
    pass.forward();
    std::vector<float> result(pass.output().data, pass.output().data + pass.output().size());
    for (std::size_t i = 0; i < 42 * 4; ++i) CHECK(result[i] == 0);
    pass.zero_gradients();
    for (std::ptrdiff_t i = 0; i < pass.output().size(); ++i)
      pass.output_gradient().data[i] = 1 + 0.01f * static_cast<float>(i);
    model.zero_gradients();
    pass.backward();
    const auto dx = pass.input_gradient();
    for (std::ptrdiff_t i = 0; i < dx.pixels(); ++i)
      for (int c = 0; c < 3; ++c)
        if (!holes[static_cast<std::size_t>(i)]) CHECK(dx.pixel(i)[c] == 0);
    result.insert(result.end(), dx.data, dx.data + dx.size());
    result.insert(result.end(), model.gradients().begin(), model.gradients().end());
    seen.push_back(result);
  }
  for (const auto& other : seen)
    CHECK(std::memcmp(other.data(), seen[0].data(), seen[0].size() * sizeof(float)) == 0);
  for (const float v : seen[0]) CHECK(std::isfinite(v));
}

TEST_CASE("PartialConv2d: validity never shrinks, and repeated application fills") {
  using Once = Network<MaskedInput<9, 9, 1>, PartialConv2d<1, 1, same>, ShowMask>;
  Model<Once> model;
  auto pass = model.pass({.batch = 1, .gradients = false});
  std::vector<std::uint8_t> valid(81);
  valid[0] = 1;  // one known corner: 8 steps to the other
  for (int step = 1; step <= 8; ++step) {
    std::copy(valid.begin(), valid.end(), pass.input_valid().data);
    pass.forward();
    for (std::size_t i = 0; i < 81; ++i) {
      const bool now = pass.output().data[i] != 0;
      CHECK(now >= (valid[i] != 0));
      CHECK(now ==
            (i / 9 <= static_cast<std::size_t>(step) && i % 9 <= static_cast<std::size_t>(step)));
      valid[i] = now;
    }
  }
}

TEST_CASE("PartialConv2d: groups with different masks equal the multi-channel formula") {
  Model<Groups, Cpu, double> model(Seed{5});
  Model<GroupMask, Cpu, double> mask_model;
  for (double& w : model.parameters()) w += 0.05;
  auto pass = model.pass({.batch = 1});
  auto mask_pass = mask_model.pass({.batch = 1});
  random_input(pass, 0.85);
  random_input(mask_pass, 0.85);
  Masked x{5, 6, 2, {}, {}};
  for (std::ptrdiff_t p = 0; p < 30; ++p)
    for (int c = 0; c < 2; ++c) {
      x.value.push_back(pass.input().pixel(p)[c]);
      x.valid.push_back(pass.input_valid().data[p]);
    }
  const Masked inner = naive(x, 1, model.get("inner.weight"), model.get("inner.bias"));
  Masked joined{5, 6, 5, {}, {}};
  for (int p = 0; p < 30; ++p)
    for (int c = 0; c < 5; ++c) {
      const Masked& from = c < 3 ? inner : x;
      const std::size_t k = from.at(0, p, c < 3 ? c : c - 3);
      joined.value.push_back(from.value[k]);
      joined.valid.push_back(from.valid[k]);
    }
  const Masked expected = naive(joined, 2, model.get("outer.weight"), model.get("outer.bias"));
  pass.forward();
  mask_pass.forward();
  REQUIRE(pass.output().size() == static_cast<std::ptrdiff_t>(expected.value.size()));
  for (std::size_t i = 0; i < expected.value.size(); ++i)
    CHECK(pass.output().data[i] == doctest::Approx(expected.value[i]).epsilon(1e-12));
  for (std::size_t p = 0; p < 9; ++p)
    CHECK((mask_pass.output().data[p] != 0) == (expected.valid[4 * p] != 0));
}

TEST_CASE("PartialConv2d: shapes, parameters, complaints") {
  using Layer = PartialConv2d<3, 8, kernel(3).stride(2).same()>;
  static_assert(Layer::output_shape(Shape{7, 8, 3}.with_mask()).shape ==
                Shape{4, 4, 8}.with_mask());
  static_assert(Layer::output_shape(Shape{7, 8, 3}).complaint == Complaint::not_masked);
  static_assert(Layer::output_shape(Shape{7, 8, 2}.with_mask()).complaint == Complaint::channels);
  static_assert(
      PartialConv2d<1, 1, kernel(5)>::output_shape(Shape{4, 9, 1}.with_mask()).complaint ==
      Complaint::window);
  static_assert(Layer::parameters({})[0].dims == Dims{8, 3, 3, 3});
  static_assert(PartialConv2d<3, 8, kernel(3).no_bias()>::parameters({}).size() == 1);
}
