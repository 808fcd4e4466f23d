// SPDX-License-Identifier: BSD-3-Clause
// Checks a loss in double: its gradient against differences of its value, and what every loss
// promises beside that. The first test of a loss, the library's and the user's.
#pragma once
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/layers/activations.hpp>
#include <tessera/losses/adversarial.hpp>
#include <tessera/losses/pixel_loss.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/testing/detail/checked_network.hpp>

namespace tessera::testing {

struct LossCheckOptions {
  int batch = 2;
  Seed seed{1};
  int entries = 256;                   // as for gradient_check
  double tolerance = 1e-6;             // |analytic - numeric| over the largest gradient
  Bounds values = bounds(0.05, 0.95);  // of the output and the truth
  double hole_share = 0.4;             // of the pixels
  std::vector<Shape> inputs{};         // sizes other than the declared ones
};

/// What a loss check found: the worst entry, and what else is wrong.
struct LossCheckReport : GradientReport {
  std::string fault;  // a sentence; empty: nothing

  bool passed() const { return GradientReport::passed() && fault.empty(); }
  std::string text() const {
    return (passed() ? "passed in " : "FAILED in ") + numbers_text("double") +
           (fault.empty() ? "" : "; " + fault);
  }
};

namespace detail {

/// The network of a loss that needs none: its input is its output.
using OutputAlone = Network<Input<5, 7, 3>, LeakyReLU<slope(1)>>;

/// One call of a loss, on the pass of a network: call(pass, truth, terms, weight).
template <class Net, class Call>
class LossCheck {
 public:
  static constexpr bool output_alone = std::is_same_v<Net, OutputAlone>;

  LossCheck(std::string name, const Call& call, const PassOptions& taps,
            const LossCheckOptions& options, LossCheckReport& report)
      : name_(std::move(name)),
        call_(call),
        options_(options),
        report_(report),
        random_(options.seed, 0x6C6F7373u),
        net_(network(1, taps)),
        threads_(network(3, taps)),
        injected_(taps.inject) {
    const View<const double> y = net_.pass().output();
    images_ = Tensor<double>(y.batch, y.shape());
    hole_.resize(static_cast<std::size_t>(y.pixels()));
    for (double& t : images_.span()) t = draw();
  }

  /// With some holes, with none and with nothing else. `reads`: the pixels it may read, where
  /// known.
  void run(Region reads, bool known) {
    for (const double share : {options_.hole_share, 0.0, 1.0}) {
      for (auto& h : hole_) h = random_.uniform() < share;
      if (share == options_.hole_share) {
        hole_.front() = 1;
        hole_.back() = 0;
      }
      where_ = name_ + (share == 0 ? "without holes" : share == 1 ? "all holes" : "with holes");
      gradients();
      promises();
      if (share == options_.hole_share) unread(reads, known);
      if (share == 0) null_hole();
    }
  }

 private:
  static constexpr double weight = 0.7;

  double draw() {
    return options_.values.lowest +
           (options_.values.highest - options_.values.lowest) * random_.uniform();
  }
  CheckedNetwork<Net, double> network(int threads, const PassOptions& taps) {
    PassOptions o = taps;
    o.batch = options_.batch;
    o.inputs = options_.inputs;
    RandomStream random(options_.seed, 0x6E6574u);
    return CheckedNetwork<Net, double>(
        random, options_.seed, Context<Cpu>{threads}, o, options_.hole_share, [&] {
          if constexpr (!output_alone) return random.normal();
          const Bounds& b = options_.values;
          return b.lowest + (b.highest - b.lowest) * random.uniform();
        });
  }
  Truth<double> truth() const {
    const View<const double> images = images_.view();
    return {images, make_hole_view(hole_.data(), images.batch, images.shape())};
  }
  void fault(const std::string& sentence) {
    if (report_.fault.empty()) report_.fault = where_ + ": " + sentence;
  }

  /// The gradient of the total, through the network.
  void gradients() {
    net_.backward([&](Pass<Cpu, double>& pass) {
      LossTerms terms;
      call_(pass, truth(), terms, weight);
    });
    net_.compare(
        [&] {
          net_.forward();
          LossTerms terms;
          call_(net_.pass(), truth(), terms, weight);
          return terms.total();
        },
        {options_.seed, options_.entries, 1e-5}, report_,
        [&](const std::string& tensor) {
          return where_ + ": " + (output_alone ? "output" : tensor);
        });
  }

  /// Everything one call says: its terms, its total, and what it adds to the gradients that were
  /// `start` before.
  struct Said {
    std::vector<double> values, gradients;
    bool operator==(const Said& o) const {
      return same(values, o.values) && same(gradients, o.gradients);
    }
    static bool same(const std::vector<double>& a, const std::vector<double>& b) {
      return a.size() == b.size() &&
             (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
    }
  };
  Said say(CheckedNetwork<Net, double>& net, const Truth<double>& truth, double factor,
           double start = 0) {
    net.forward();
    Pass<Cpu, double>& pass = net.pass();
    pass.zero_gradients();
    for_each_gradient(pass, [&](double& g) { g = start; });
    LossTerms terms;
    call_(pass, truth, terms, factor);
    Said said;
    for (const LossTerms::Term& t : terms.terms()) said.values.push_back(t.value);
    said.values.push_back(terms.total());
    for_each_gradient(pass, [&](const double& g) { said.gradients.push_back(g - start); });
    return said;
  }
  template <class F>
  void for_each_gradient(Pass<Cpu, double>& pass, const F& f) {
    const auto each = [&](View<double> g) {
      for (std::ptrdiff_t p = 0; p < g.pixels(); ++p)
        for (int c = 0; c < g.channels; ++c) f(g.pixel(p)[c]);
    };
    each(pass.output_gradient());
    for (const std::string& label : injected_) each(pass.tap_gradient(label));
  }
  static bool close_to(double a, double b, double scale) {
    return std::abs(a - b) <= 1e-10 * (std::abs(scale) + std::abs(a) + std::abs(b));
  }

  /// Terms without their weights, gradients that are added, the same bits each time and with any
  /// number of threads.
  void promises() {
    const Said once = say(net_, truth(), weight);
    for (const double v : once.values)
      if (!std::isfinite(v)) return fault("the loss is not finite");
    if (!(say(net_, truth(), weight) == once)) fault("the same call gives other numbers");
    if (!(say(threads_, truth(), weight) == once)) fault("three threads give other bits than one");
    const Said plain = say(net_, truth(), 1);
    for (std::size_t i = 0; i + 1 < once.values.size(); ++i)
      if (!close_to(once.values[i], plain.values[i], 0))
        fault("a term changes with the weight; it is reported without it");
    if (once.values.size() == 1) fault("no term is reported");
    if (!close_to(once.values.back(), weight * plain.values.back(), 0))
      fault("the total is not proportional to the weight");
    const Said added = say(net_, truth(), weight, 1);
    double largest = 1;
    for (const double g : once.gradients) largest = std::max(largest, std::abs(g));
    for (std::size_t k = 0; k < once.gradients.size(); ++k)
      if (!close_to(added.gradients[k], once.gradients[k], largest)) {
        fault("the gradient is not added to what is there");
        break;
      }
  }

  /// Holes are selected, not multiplied: what a loss does not depend on may be NaN.
  void unread(Region reads, bool known) {
    const Said once = say(net_, truth(), weight);
    for (const bool of_truth : {false, true}) {
      if (!of_truth && !output_alone) continue;  // an output behind layers cannot be set
      const std::span<double> numbers = of_truth ? images_.span() : net_.input();
      const auto channels = numbers.size() / hole_.size();
      const std::vector<double> kept(numbers.begin(), numbers.end());
      for (const bool in_hole : {false, true}) {
        const auto said_with = [&](auto number) {
          for (std::size_t k = 0; k < numbers.size(); ++k)
            if ((hole_[k / channels] != 0) == in_hole) numbers[k] = number();
          const Said said = say(net_, truth(), weight);
          std::copy(kept.begin(), kept.end(), numbers.begin());
          return said;
        };
        const std::string part = std::string(of_truth ? "the truth" : "the output") +
                                 (in_hole ? " in the holes" : " outside of the holes");
        if (!(said_with([&] { return draw(); }) == once)) {
          if (known && reads == (in_hole ? Region::valid : Region::hole))
            fault("depends on " + part);
        } else if (!(said_with([] { return std::numeric_limits<double>::quiet_NaN(); }) == once)) {
          fault("does not depend on " + part +
                ", but NaN there changes it: select, do not multiply");
        }
      }
    }
  }

  /// A null pointer is refused, or means that there is no hole.
  void null_hole() {
    const Said once = say(net_, truth(), weight);
    try {
      if (!(say(net_, {images_.view(), HoleView{}}, weight) == once))
        fault("no mask is not the same as a mask without holes");
    } catch (const ArgumentError&) {
    }
  }

  std::string name_, where_;
  const Call& call_;
  LossCheckOptions options_;
  LossCheckReport& report_;
  RandomStream random_;
  CheckedNetwork<Net, double> net_, threads_;
  std::vector<std::string> injected_;
  Tensor<double> images_;
  std::vector<std::uint8_t> hole_;
};

template <class Net, class Call>
void check_call(std::string name, const Call& call, const PassOptions& taps,
                const LossCheckOptions& options, LossCheckReport& report,
                Region reads = Region::whole, bool known = false) {
  LossCheck<Net, Call>(name.empty() ? name : name + " ", call, taps, options, report)
      .run(reads, known);
}

/// All that can be called of a loss: on every region where it has regions, and as a criterion.
template <class Net, class L>
LossCheckReport check_loss(L loss, const LossCheckOptions& options) {
  static_assert(Loss<L> || AdversarialCriterion<L>,
                "tessera: not a loss: it needs loss(pass, truth, terms, weight), or real, fake and "
                "generator(pass, terms, weight)");
  LossCheckReport report;
  report.tolerance = options.tolerance;
  if constexpr (Loss<L>) {
    PassOptions taps;
    prepare_loss(loss, taps);
    const auto call = [&](auto& pass, const auto& truth, LossTerms& terms, double weight) {
      loss(pass, truth, terms, weight);
    };
    if constexpr (requires { loss.region = Region::hole; }) {
      const std::pair<Region, const char*> regions[]{
          {Region::whole, "whole"}, {Region::hole, "hole"}, {Region::valid, "valid"}};
      for (const auto& [region, name] : regions) {
        loss.region = region;
        check_call<Net>(name, call, taps, options, report, region, true);
      }
    } else {
      check_call<Net>("", call, taps, options, report);
    }
  }
  if constexpr (AdversarialCriterion<L>) {
    using P = Pass<Cpu, double>;
    using T = Truth<double>;
    const auto real = [&](P& pass, const T&, LossTerms& t, double w) { loss.real(pass, t, w); };
    const auto fake = [&](P& pass, const T&, LossTerms& t, double w) { loss.fake(pass, t, w); };
    const auto generator = [&](P& pass, const T&, LossTerms& t, double w) {
      loss.generator(pass, t, w);
    };
    check_call<Net>("real", real, {}, options, report);
    check_call<Net>("fake", fake, {}, options, report);
    check_call<Net>("generator", generator, {}, options, report);
  }
  return report;
}

}  // namespace detail

/// Checks a loss on random outputs and truths [2, 5, 7, 3], with some holes, none, and all holes,
/// with weight 0.7; one that has a `region` on each of them; a criterion in its three calls. What
/// is checked:
///   the gradient is that of the total, by central differences in double
///   it is added to what is there; terms are reported without their weight, and are finite
///   the same call gives the same bits, also with three threads
///   what the loss does not depend on is not read (NaN there changes nothing): a loss on holes
///   reads neither output nor truth outside of them
///   without a mask it refuses by ArgumentError, or there is no hole
///
/// Example    CHECK(loss_check<MyLoss>().passed());
///            CHECK(loss_check(0.5 * MyLoss{} + L1Loss{}, {.batch = 3}).passed());
template <class L>
LossCheckReport loss_check(const L& loss = L{}, const LossCheckOptions& options = {}) {
  return detail::check_loss<detail::OutputAlone>(loss, options);
}

/// The same behind a network, whose inputs and parameters the gradients are compared for: for
/// losses that read taps, and for other channel counts. Outputs behind layers cannot be set, so
/// what of them is not read is not checked.
///
/// Example    CHECK(loss_check<Net>(Energy{"code"}).passed());
template <class Net, class L>
requires requires { Net::structure; }
LossCheckReport loss_check(const L& loss, const LossCheckOptions& options = {}) {
  return detail::check_loss<Net>(loss, options);
}

}  // namespace tessera::testing
