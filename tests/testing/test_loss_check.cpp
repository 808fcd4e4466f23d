// SPDX-License-Identifier: BSD-3-Clause
// loss_check passes right losses and finds what can be wrong with one.
#include <doctest/doctest.h>

#include <tessera/layers/conv2d.hpp>
#include <tessera/losses/bce.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/lsgan.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/losses/total_variation.hpp>
#include <tessera/testing/loss_check.hpp>

using namespace tessera;
using testing::loss_check;

namespace {

enum class Wrong {
  none,
  factor,         // of the gradient
  one_channel,    // a thousandth too much
  one_pixel,      // of the second image
  weightless,     // the gradient forgets the weight
  weighted_term,  // the term has it
  assigns,
  multiplies,   // by the mask, instead of selecting
  reads_valid,  // of a loss on holes
  no_mask_is_all_hole,
  not_finite,
  counts_calls
};

int calls = 0;

/// The mean of (y - t)^2 over holes, or over what `region` says, with one thing wrong.
template <Wrong W>
struct Squared {
  template <class T>
  void operator()(Pass<Cpu, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    const View<const T> y = pass.output();
    const View<T> dy = pass.output_gradient();
    const T n = static_cast<T>(y.size());
    T sum = 0;
    for (std::ptrdiff_t p = 0; p < y.pixels(); ++p)
      for (int c = 0; c < y.channels; ++c) {
        const bool hole = truth.hole ? truth.hole.data[p] != 0 : W == Wrong::no_mask_is_all_hole;
        if (W != Wrong::multiplies && !hole) {
          if (W == Wrong::assigns) dy.pixel(p)[c] = 0;
          if (W == Wrong::reads_valid) sum += T(0.1) * y.pixel(p)[c];
          if (W == Wrong::reads_valid) dy.pixel(p)[c] += static_cast<T>(weight) * T(0.1) / n * n;
          continue;
        }
        const T in = hole ? T(1) : T(0);
        T d = in * (y.pixel(p)[c] - truth.images.pixel(p)[c]);
        T slope = static_cast<T>(W == Wrong::weightless ? 1 : weight) * 2 * in * d / n;
        sum += d * d;
        if (W == Wrong::factor) slope *= 2;
        if (W == Wrong::one_channel && c == 1) slope *= T(1.001);
        if (W == Wrong::one_pixel && p == 5 * 7 + 3) slope += T(1e-5);
        if (W == Wrong::assigns) dy.pixel(p)[c] = slope;
        else dy.pixel(p)[c] += slope;
      }
    double value = static_cast<double>(sum / n);
    if (W == Wrong::reads_valid) value = static_cast<double>(sum);
    if (W == Wrong::weighted_term) value *= weight;
    if (W == Wrong::not_finite && truth.hole && !truth.hole.data[0]) value /= 0.0;
    if (W == Wrong::counts_calls) value += 1e-13 * ++calls;
    terms.add("squared", value, weight);
  }
};

/// On regions, but it takes valid pixels for holes.
struct Confused {
  Region region = Region::whole;

  template <class Device, class T>
  void operator()(Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    const Region other = region == Region::hole ? Region::valid : region;
    L1Loss{other}(pass, truth, terms, weight);
  }
};

/// A criterion whose generator learns the wrong way.
struct Backwards : LsganLoss {
  template <class Device, class T>
  void generator(Pass<Device, T>& pass, LossTerms& terms, double weight = 1) const {
    LossTerms mine;
    LsganLoss::generator(pass, mine, -weight);
    terms.add("g_adversarial", mine.terms()[0].value, weight);
  }
};

/// The mean square of a tap; the gradient is `Factor` times the right one.
template <int Factor>
struct Energy {
  void prepare(PassOptions& options) const {
    options.keep.push_back("code");
    options.inject.push_back("code");
  }
  template <class T>
  void operator()(Pass<Cpu, T>& pass, const Truth<T>&, LossTerms& terms, double weight = 1) const {
    const View<const T> a = pass.tap("code");
    const View<T> da = pass.tap_gradient("code");
    const double elements = static_cast<double>(a.size());
    double sum = 0;
    for (std::ptrdiff_t p = 0; p < a.pixels(); ++p)
      for (int c = 0; c < a.channels; ++c) {
        sum += static_cast<double>(a.pixel(p)[c]) * static_cast<double>(a.pixel(p)[c]);
        da.pixel(p)[c] += static_cast<T>(Factor * weight * 2 / elements) * a.pixel(p)[c];
      }
    terms.add("energy", sum / elements, weight);
  }
};
using Coded = Network<Input<5, 7, 2>, Conv2d<2, 4, kernel(3).padding(1)>, Tap<"code">, Tanh,
                      Conv2d<4, 1, kernel(1)>>;

template <Wrong W>
std::string text_of() {
  const auto report = loss_check<Squared<W>>();
  CHECK_MESSAGE(report.passed() == (W == Wrong::none), report.text());
  return report.text();
}
bool has(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != std::string::npos;
  CHECK_MESSAGE(found, text, " lacks: ", part);
  return found;
}

}  // namespace

TEST_CASE("right losses pass, every entry for each mask") {
  const auto report = loss_check<Squared<Wrong::none>>();
  CHECK_MESSAGE(report.passed(), report.text());
  CHECK(report.checked == 3 * 2 * 5 * 7 * 3);
  CHECK(report.fault.empty());
  CHECK(report.text().find("passed in double: 630 entries, worst error ") == 0);
  CHECK(loss_check<MseLoss>().checked == 3 * 630);    // on each region
  CHECK(loss_check<LsganLoss>().checked == 3 * 630);  // real, fake, generator
  CHECK(loss_check<BceLoss>().checked == 4 * 630);    // and as a loss
  CHECK(loss_check<MseLoss>({}, {.batch = 1, .inputs = {Shape{3, 3, 3}}}).checked == 3 * 3 * 27);
  CHECK(loss_check(0.5 * MseLoss{Region::hole} + 2.0 * TotalVariationLoss{}).passed());
}

TEST_CASE("wrong gradients are found, and where") {
  has(text_of<Wrong::factor>(), "FAILED in double: 630 entries, worst error 5.0");
  has(text_of<Wrong::one_pixel>(), ": output[11");  // (5 * 7 + 3) * 3 = 114 to 116
  const auto report = loss_check<Squared<Wrong::one_channel>>();
  CHECK(!report.passed());
  CHECK(report.worst_index % 3 == 1);
  CHECK(report.fault.empty());
  text_of<Wrong::weightless>();
  CHECK(!loss_check<Backwards>().passed());
  has(loss_check<Backwards>().text(), "generator with holes: output[");
}

TEST_CASE("what every loss promises") {
  has(text_of<Wrong::weighted_term>(), "with holes: a term changes with the weight");
  has(text_of<Wrong::assigns>(), "with holes: the gradient is not added to what is there");
  has(text_of<Wrong::not_finite>(), ": the loss is not finite");
  has(text_of<Wrong::counts_calls>(), "with holes: the same call gives other numbers");
  has(text_of<Wrong::multiplies>(),
      "does not depend on the output outside of the holes, but NaN there changes it");
  has(text_of<Wrong::no_mask_is_all_hole>(),
      "without holes: no mask is not the same as a mask without holes");
  has(loss_check<Confused>().text(), "hole with holes: depends on the output outside of the holes");
}

TEST_CASE("losses on taps, behind a network") {
  const auto right = loss_check<Coded>(Energy<1>{});
  CHECK_MESSAGE(right.passed(), right.text());
  CHECK(right.checked == 3 * (2 * 5 * 7 * 2 + parameter_count<Coded>));
  const auto both = loss_check<Coded>(MseLoss{} + 3.0 * Energy<1>{}, {.batch = 1});
  CHECK_MESSAGE(both.passed(), both.text());
  CHECK(!loss_check<Coded>(Energy<2>{}).passed());
}
