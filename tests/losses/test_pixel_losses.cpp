// SPDX-License-Identifier: BSD-3-Clause
// MSE and L1: values against a naive sum for every region and mean, gradients by differences, sums,
// weights, names, errors.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/layers/activations.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/network/model.hpp>

using namespace tessera;

namespace {

using Net = Network<Input<3, 5, 3>, LeakyReLU<slope(1)>>;  // the identity

struct Fixture {
  static constexpr int batch = 2, pixels = 30, channels = 3;
  Model<Net, Cpu, double> model;
  Pass<Cpu, double> pass = model.pass({.batch = batch, .input_gradients = true});
  Tensor<double> images{batch, {3, 5, 3}};
  std::vector<std::uint8_t> hole = std::vector<std::uint8_t>(pixels);
  std::vector<double> x = std::vector<double>(pixels * channels);

  Fixture() {
    RandomStream random(Seed{1}, 0);
    for (double& v : x) v = random.normal();
    for (double& v : images.span()) v = random.normal();
    for (auto& h : hole) h = random.uniform() < 0.4;
  }
  Truth<double> truth() const { return {images.view(), hole.data()}; }
  template <class L>
  LossTerms call(const L& loss) {
    std::copy(x.begin(), x.end(), pass.input().data);
    pass.forward();
    pass.zero_gradients();
    LossTerms terms;
    loss(pass, truth(), terms);
    return terms;
  }
  double naive(bool square, Region region, MeanOver over) const {
    double sum = 0, count = 0;
    for (std::size_t p = 0; p < pixels; ++p) {
      const bool inside = region == Region::whole || (region == Region::hole) == (hole[p] != 0);
      for (std::size_t c = 0; c < channels; ++c) {
        const double d = x[p * channels + c] - images.data()[p * channels + c];
        if (inside) sum += square ? d * d : std::abs(d);
        count += inside || over == MeanOver::image;
      }
    }
    return sum / count;
  }
  /// Worst deviation of the output gradient from differences of the total.
  template <class L>
  double gradient_error(const L& loss) {
    call(loss);
    const std::vector<double> g(pass.output_gradient().data,
                                pass.output_gradient().data + x.size());
    double worst = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const double v = x[k], h = 1e-5;
      x[k] = v + h;
      const double above = call(loss).total();
      x[k] = v - h;
      const double below = call(loss).total();
      x[k] = v;
      worst = std::max(worst, std::abs((above - below) / (2 * h) - g[k]));
    }
    return worst;
  }
};

}  // namespace

TEST_CASE("values and gradients for every region and mean") {
  Fixture f;
  for (const Region region : {Region::whole, Region::hole, Region::valid})
    for (const MeanOver over : {MeanOver::region, MeanOver::image}) {
      const MseLoss mse{region, over};
      const L1Loss l1{region, over};
      CHECK(f.call(mse).total() == doctest::Approx(f.naive(true, region, over)).epsilon(1e-13));
      CHECK(f.call(l1).total() == doctest::Approx(f.naive(false, region, over)).epsilon(1e-13));
      CHECK(f.gradient_error(mse) < 1e-8);
      CHECK(f.gradient_error(l1) < 1e-8);
    }
}

TEST_CASE("sums and factors: gradients of the total, terms by name and unweighted") {
  Fixture f;
  const auto loss =
      MseLoss{} +
      6.0 * L1Loss{.region = Region::hole, .mean_over = MeanOver::image, .name = "hole"} +
      0.5 * (2.0 * L1Loss{.region = Region::valid, .name = "valid"} + MseLoss{});
  static_assert(Loss<decltype(loss)>);
  const LossTerms terms = f.call(loss);
  REQUIRE(terms.terms().size() == 4);
  CHECK(terms.terms()[0].name == "mse");
  CHECK(terms.terms()[1].name == "hole");
  CHECK(terms.terms()[2].name == "valid");
  const double mse = f.naive(true, Region::whole, MeanOver::region),
               hole = f.naive(false, Region::hole, MeanOver::image),
               valid = f.naive(false, Region::valid, MeanOver::region);
  CHECK(terms.terms()[1].value == doctest::Approx(hole));
  CHECK(terms.terms()[2].value == doctest::Approx(valid));
  CHECK(terms.total() == doctest::Approx(1.5 * mse + 6 * hole + valid).epsilon(1e-13));
  CHECK(f.gradient_error(loss) < 1e-8);
}

TEST_CASE("a loss adds to the gradient that is there") {
  Fixture f;
  f.call(MseLoss{});
  const double once = f.pass.output_gradient().data[7];
  LossTerms terms;
  MseLoss{}(f.pass, f.truth(), terms, 2.0);
  CHECK(f.pass.output_gradient().data[7] == doctest::Approx(3 * once));
}

TEST_CASE("an empty region gives 0, not NaN; without holes the whole image counts as valid") {
  Fixture f;
  std::fill(f.hole.begin(), f.hole.end(), std::uint8_t{0});
  CHECK(f.call(MseLoss{.region = Region::hole}).total() == 0);
  for (std::size_t k = 0; k < f.x.size(); ++k) CHECK(f.pass.output_gradient().data[k] == 0);
  CHECK(f.call(MseLoss{.region = Region::valid}).total() ==
        doctest::Approx(f.call(MseLoss{}).total()));
}

TEST_CASE("errors") {
  Fixture f;
  LossTerms terms;
  f.pass.forward();
  const Tensor<double> small(2, {3, 4, 3});
  CHECK_THROWS_WITH_AS(MseLoss{}(f.pass, Truth<double>{small.view(), nullptr}, terms),
                       "mse: the network's output is 2 of 3x5x3, the truth 2 of 3x4x3", ShapeError);
  CHECK_THROWS_WITH_AS(
      L1Loss{.region = Region::hole}(f.pass, Truth<double>{f.images.view(), nullptr}, terms),
      "l1: a loss on holes or valid pixels needs a hole mask, got none", ArgumentError);
  for (int i = 0; i < LossTerms::max_count; ++i) terms.add("t", 1, 1);
  CHECK_THROWS_WITH_AS(terms.add("t", 1, 1), "a loss may report at most 16 terms", ArgumentError);
}
