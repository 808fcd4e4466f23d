// SPDX-License-Identifier: BSD-3-Clause
// What tests of losses share: a network that returns its input, a truth with holes, and calls of a
// loss on them, with the gradient check of the output.
#pragma once
#include <cmath>
#include <vector>

#include <tessera/layers/activations.hpp>
#include <tessera/losses/pixel_loss.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/network/model.hpp>
#include <tessera/network/network.hpp>
#include <tessera/testing/loss_check.hpp>

#include "../gradient_checks.hpp"

namespace tessera::test {

/// The identity.
template <int C = 3>
using Identity = Network<Input<3, 5, C>, LeakyReLU<slope(1)>>;

/// Errors of d = x - t, for LossFixture::naive.
inline double squared_error(double d) { return d * d; }
inline double absolute_error(double d) { return std::abs(d); }

template <class T = double, int C = 3>
struct LossFixture {
  int batch;
  Shape shape;
  Model<Identity<C>, Cpu, T> model;
  Pass<Cpu, T> pass;
  Tensor<T> images;
  std::vector<std::uint8_t> hole;
  std::vector<T> x;

  explicit LossFixture(int n = 2, int height = 3, int width = 5, int threads = 1,
                       bool gradients = true)
      : batch(n),
        shape{height, width, C},
        model(Seed{1}, Context<Cpu>{threads}),
        pass(model.pass(
            {.batch = n, .gradients = gradients, .input_gradients = gradients, .inputs = {shape}})),
        images(n, shape),
        hole(static_cast<std::size_t>(n * height * width)),
        x(images.size()) {
    RandomStream random(Seed{1}, 0);
    for (T& v : x) v = static_cast<T>(random.normal());
    for (T& v : images.span()) v = static_cast<T>(random.normal());
    for (auto& h : hole) h = random.uniform() < 0.4;
  }
  Truth<T> truth() const { return {images.view(), make_hole_view(hole.data(), batch, shape)}; }

  /// The terms of call(terms), after a forward of x and with the gradients at 0.
  template <class Call>
  LossTerms with_pass(const Call& call) {
    std::copy(x.begin(), x.end(), pass.input().data);
    pass.forward();
    if (pass.output_gradient()) pass.zero_gradients();
    LossTerms terms;
    call(terms);
    return terms;
  }
  template <class L>
  LossTerms call(const L& loss, double weight = 1) {
    return with_pass([&](LossTerms& terms) { loss(pass, truth(), terms, weight); });
  }
  std::vector<T> gradient() {
    const View<T> g = pass.output_gradient();
    return {g.data, g.data + g.size()};
  }

  /// The output's gradient against differences of the total.
  template <class Call>
  void check_gradient_with(const Call& call, double tolerance = 1e-6) {
    with_pass(call);
    const std::vector<T> g = gradient();
    testing::expect_gradient(
        x, g, [&] { return with_pass(call).total(); }, tolerance);
  }
  template <class L>
  void check_gradient(const L& loss, double tolerance = 1e-6) {
    check_gradient_with([&](LossTerms& terms) { loss(pass, truth(), terms, 0.7); }, tolerance);
  }

  /// Sum of error(x - t) over the region, by the definition of the means.
  double naive(double (*error)(double), Region region, MeanOver over) const {
    double sum = 0, count = 0;
    for (std::size_t p = 0; p < hole.size(); ++p) {
      const bool inside = region == Region::whole || (region == Region::hole) == (hole[p] != 0);
      for (std::size_t c = 0; c < C; ++c) {
        const double d = static_cast<double>(x[p * C + c] - images.data()[p * C + c]);
        if (inside) sum += error(d);
        count += inside || over == MeanOver::image;
      }
    }
    return over == MeanOver::nothing ? sum : sum / count;
  }
};

/// What every loss promises, at two batches and sizes.
template <class L>
void expect_right_loss(const L& loss, testing::LossCheckOptions options = {}) {
  for (const int batch : {1, 3}) {
    options.batch = batch;
    options.inputs = {batch == 1 ? Shape{5, 7, 3} : Shape{4, 2, 3}};
    const auto report = testing::loss_check(loss, options);
    CHECK_MESSAGE(report.passed(), describe_loss(loss), ", batch ", batch, ": ", report.text());
    ++testing::gradient_checks_run;
  }
}

inline constexpr Region regions[] = {Region::whole, Region::hole, Region::valid};
inline constexpr MeanOver means[] = {MeanOver::region, MeanOver::image, MeanOver::nothing};

/// What every pixel loss promises: values, gradients, terms and errors; `make(region, mean)`.
template <class Make>
void check_pixel_loss(const Make& make, double (*error)(double), std::string_view name) {
  for (const int batch : {1, 3}) {
    LossFixture f(batch, 5, 3);
    for (const Region region : regions)
      for (const MeanOver over : means) {
        const auto loss = make(region, over);
        const LossTerms terms = f.call(loss);
        REQUIRE(terms.terms().size() == 1);
        const char* const where[] = {"", "_hole", "_valid"};
        CHECK(terms.terms()[0].name == std::string(name) + where[static_cast<int>(region)]);
        CHECK(terms.total() == doctest::Approx(f.naive(error, region, over)).epsilon(1e-13));
      }
    // A pass without gradients gets the value alone.
    const auto loss = make(Region::hole, MeanOver::region);
    LossFixture<double> without(batch, 5, 3, 1, false);
    CHECK(without.call(loss).total() == f.call(loss).total());
    // An empty region gives 0, not NaN; without holes the whole image counts as valid.
    std::fill(f.hole.begin(), f.hole.end(), std::uint8_t{0});
    for (const MeanOver over : means) CHECK(f.call(make(Region::hole, over)).total() == 0);
    CHECK(f.gradient() == std::vector<double>(f.x.size()));
    CHECK(f.call(make(Region::valid, MeanOver::region)).total() ==
          doctest::Approx(f.call(make(Region::whole, MeanOver::region)).total()));
  }
  for (const MeanOver over : means) expect_right_loss(make(Region::whole, over));
  LossFixture f;
  LossTerms terms;
  f.pass.forward();
  const Tensor<double> small(2, {3, 4, 3});
  const std::string begin(name);
  CHECK_THROWS_WITH_AS(
      make(Region::whole, MeanOver::region)(f.pass, {small.view(), {}}, terms),
      (begin + ": the network's output is 2 of 3x5x3, the truth 2 of 3x4x3").c_str(), ShapeError);
  const HoleView narrow{f.hole.data(), 2, 3, 4};
  CHECK_THROWS_WITH_AS(
      make(Region::hole, MeanOver::region)(f.pass, {f.images.view(), narrow}, terms),
      (begin + "_hole: expected holes [2, 3, 5], got [2, 3, 4]").c_str(), ShapeError);
  CHECK_THROWS_WITH_AS(
      make(Region::hole, MeanOver::region)(f.pass, {f.images.view(), {}}, terms),
      (begin + "_hole: a loss on holes or valid pixels needs a hole mask, got none").c_str(),
      ArgumentError);
}

}  // namespace tessera::test
