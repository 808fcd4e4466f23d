// SPDX-License-Identifier: BSD-3-Clause
// Batch norms that apply the activation behind them: where that is done, and that results are those
// of two layers, bit for bit.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm1d.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/flatten.hpp>
#include <tessera/layers/linear.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/models/pconv_cifar_net2.hpp>
#include <tessera/testing/gradient_check.hpp>

using namespace tessera;
using testing::gradient_check;

namespace {

/// The same activation, which says nothing of its slope: never applied by the layer before.
template <class Activation>
struct Apart : Activation {
  static constexpr double negative_slope = -1;
};
template <class A>
using Itself = A;

constexpr Window same = kernel(3).same();
using Leaky = LeakyReLU<slope(0.1)>;
template <template <class> class As>
using Chain = Network<Input<7, 5, 3>, BatchNorm2d<3>, As<Leaky>, Conv2d<3, 18, same>,
                      BatchNorm2d<18>, As<ReLU>, Conv2d<18, 5, same>, BatchNorm2d<5>, As<Leaky>>;
/// All of them in slices of concatenations.
template <template <class> class As>
using Joined = Network<Input<7, 5, 3>,
                       SkipConcat<Conv2d<3, 18, same>, BatchNorm2d<18>, As<ReLU>,
                                  SkipConcat<Conv2d<18, 3, same>, BatchNorm2d<3>, As<Leaky>>>,
                       Conv2d<24, 2, same>>;
template <template <class> class As>
using Masked = Network<MaskedInput<7, 5, 3>, PartialConv2d<3, 4, same>, BatchNorm2d<4>, As<Leaky>,
                       SkipConcat<PartialConv2d<4, 2, same>, BatchNorm2d<2>, As<ReLU>>,
                       PartialConv2d<6, 3, same>>;
template <template <class> class As>
using Features = Network<Input<2, 3, 3>, Flatten, Linear<18, 20>, BatchNorm1d<20>, As<ReLU>,
                         Linear<20, 3>, BatchNorm1d<3>, As<LeakyReLU<>>>;
/// A value between that others read, is looked at, or gets a gradient of its own.
template <template <class> class As>
using Tapped = Network<Input<7, 5, 3>, BatchNorm2d<3>, SkipConcat<As<ReLU>>, Conv2d<6, 4, same>,
                       BatchNorm2d<4>, Tap<"between">, As<Leaky>, Tap<"behind">, Conv2d<4, 2, same>,
                       BatchNorm2d<2>>;

template <class Net>
int skipped(const PassRequest& request = {}) {
  int count = 0;
  for (const OperationPlan& p : make_plan(Net::structure, request).operations) count += p.skipped;
  return count;
}

enum class Statistics { own, frozen };

template <class Net, class T>
class Steps {
 public:
  explicit Steps(const PassOptions& options, Statistics statistics = Statistics::own,
                 bool frozen = false, int threads = 1)
      : model_(Seed{3}, Context<Cpu>{threads}), random_(Seed{5}, 0) {
    for (T& w : model_.parameters()) w += static_cast<T>(0.3 * random_.normal());
    for (const TensorInfo& t : Net::structure.tensors)  // zeros before an activation, too
      if (t.parameter.role == Role::trained && t.parameter.dims.rank == 1)
        model_.parameters()[static_cast<std::size_t>(t.offset)] = 0;
    if (statistics == Statistics::frozen) {
      for (T& s : model_.statistics()) s = static_cast<T>(0.5 + random_.uniform());
      model_.freeze_statistics("");
    }
    if (frozen) model_.freeze("");
    pass_.emplace(model_.pass(options));
  }
  Pass<Cpu, T>& pass() { return *pass_; }

  /// Two forwards, each with its backward, and all that comes of them. `look`: operation by
  /// operation.
  std::vector<T> results(bool gradients, bool look = false, T first = 1) {
    std::vector<T> all;
    const auto take = [&](const auto& view) {
      for (std::ptrdiff_t i = 0; i < view.size(); ++i) all.push_back(view.data[i]);
    };
    model_.zero_gradients();
    for (int step = 0; step < 2; ++step) {
      const View<T> x = pass_->input();
      for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = static_cast<T>(random_.normal());
      x.data[4] = first;
      const auto valid = pass_->input_valid();
      for (std::ptrdiff_t i = 0; i < valid.size(); ++i) valid.data[i] = random_.uniform() > 0.4;
      if (look) pass_->forward([&](int i) { take_rows(pass_->output_of(i), all); });
      else pass_->forward();
      take(pass_->output());
      if (!gradients) continue;
      pass_->zero_gradients();
      const View<T> dy = pass_->output_gradient();
      for (std::ptrdiff_t i = 0; i < dy.size(); ++i) dy.data[i] = static_cast<T>(random_.normal());
      pass_->backward();
      if (pass_->input_gradient()) take(pass_->input_gradient());
    }
    const std::vector<T> s = state();
    all.insert(all.end(), s.begin(), s.end());
    return all;
  }
  /// Gradients, statistics and counters of the model.
  std::vector<T> state() {
    std::vector<T> all(model_.gradients().begin(), model_.gradients().end());
    all.insert(all.end(), model_.statistics().begin(), model_.statistics().end());
    for (const auto& t : model_.tensors())
      if (t.role == Role::counter) all.push_back(static_cast<T>(model_.counter(t.name)));
    return all;
  }

 private:
  static void take_rows(const View<const T>& v, std::vector<T>& all) {
    for (std::ptrdiff_t p = 0; p < v.pixels(); ++p)
      all.insert(all.end(), v.pixel(p), v.pixel(p) + v.channels);
  }

  Model<Net, Cpu, T> model_;
  RandomStream random_;
  std::optional<Pass<Cpu, T>> pass_;
};

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <template <template <class> class> class Net, class T>
void check(int expected) {
  using Fused = Net<Itself>;
  using Unfused = Net<Apart>;
  CHECK(skipped<Fused>() == expected);
  CHECK(skipped<Fused>({.gradients = false}) == expected);
  CHECK(skipped<Unfused>() == 0);
  CHECK(make_plan(Fused::structure, {}).bytes == make_plan(Unfused::structure, {}).bytes);
  for (const Mode mode : {Mode::train, Mode::evaluate})
    for (const Statistics statistics : {Statistics::own, Statistics::frozen})
      for (const bool poison : {false, true}) {
        CAPTURE(mode);
        CAPTURE(statistics);
        PassOptions o{
            .batch = 3, .mode = mode, .input_gradients = true, .poison_dead_buffers = poison};
        const auto results = Steps<Unfused, T>(o, statistics).results(true);
        for (const T v : results) REQUIRE(std::isfinite(v));
        CHECK(same_bits(Steps<Fused, T>(o, statistics).results(true), results));
        CHECK(same_bits(Steps<Fused, T>(o, statistics, false, 2).results(true), results));
        CHECK(same_bits(Steps<Fused, T>(o, statistics, true).results(true),
                        Steps<Unfused, T>(o, statistics, true).results(true)));
        o.input_gradients = false;
        CHECK(same_bits(Steps<Fused, T>(o, statistics).results(true),
                        Steps<Unfused, T>(o, statistics).results(true)));
        o.gradients = false;
        CHECK(same_bits(Steps<Fused, T>(o, statistics).results(false),
                        Steps<Unfused, T>(o, statistics).results(false)));
      }
}

}  // namespace

TEST_CASE("fusion: the results of two layers, bit for bit") {
  check<Chain, float>(3);
  check<Chain, double>(3);
  check<Joined, float>(2);
  check<Masked, float>(2);
  check<Features, float>(2);
  check<Tapped, float>(1);
}

TEST_CASE("fusion: NaN, infinity and zero are the activation's") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const double value : {std::nan(""), inf, -inf, 0.0, -0.0})
    for (const Mode mode : {Mode::train, Mode::evaluate}) {
      CAPTURE(value);
      CAPTURE(mode);
      const PassOptions o{.batch = 2, .mode = mode, .input_gradients = true};
      const auto a = Steps<Chain<Itself>, double>(o).results(true, false, value);
      CHECK(same_bits(a, Steps<Chain<Apart>, double>(o).results(true, false, value)));
      bool finite = true;
      for (const double v : a) finite &= std::isfinite(v);
      CHECK(finite == (value == 0));
    }
}

TEST_CASE("fusion: looking behind each operation shows both, and backward is right after it") {
  const PassOptions o{.batch = 2, .input_gradients = true, .poison_dead_buffers = true};
  Steps<Joined<Itself>, float> looked(o), plain(o);
  CHECK(same_bits(looked.results(true, true), Steps<Joined<Apart>, float>(o).results(true, true)));
  plain.results(true);
  CHECK(same_bits(looked.state(), plain.state()));
}

TEST_CASE("fusion: not where what lies between is kept, or gets a gradient") {
  using Net = Tapped<Itself>;
  const int between[] = {value_of(Net::structure, "between")};
  const int behind[] = {value_of(Net::structure, "behind")};
  CHECK(skipped<Net>({.kept = between}) == 0);
  CHECK(skipped<Net>({.injected = between}) == 0);
  CHECK(skipped<Net>({.gradients = false, .injected = between}) == 1);
  CHECK(skipped<Net>({.kept = behind, .injected = behind}) == 1);
  using Last = Network<Input<4, 4, 3>, BatchNorm2d<3>>;  // what lies behind is the caller's
  CHECK(skipped<Last>() == 0);
  for (const char* tap : {"between", "behind"})
    for (const bool poison : {false, true}) {
      const PassOptions o{.batch = 2,
                          .input_gradients = true,
                          .keep = {tap},
                          .inject = {tap},
                          .poison_dead_buffers = poison};
      Steps<Net, float> a(o);
      Steps<Tapped<Apart>, float> b(o);
      CHECK(same_bits(a.results(true), b.results(true)));
      const View<const float> u = a.pass().tap(tap), v = b.pass().tap(tap);
      CHECK(std::memcmp(u.data, v.data, static_cast<std::size_t>(u.size()) * sizeof(float)) == 0);
      for (auto* pass : {&a.pass(), &b.pass()}) {
        pass->forward();
        pass->zero_gradients();
        for (std::ptrdiff_t i = 0; i < u.size(); ++i) pass->tap_gradient(tap).data[i] = 1;
        pass->backward();
      }
      const auto g = a.pass().input_gradient(), h = b.pass().input_gradient();
      CHECK(g.data[1] != 0);
      CHECK(std::memcmp(g.data, h.data, static_cast<std::size_t>(g.size()) * sizeof(float)) == 0);
    }
}

TEST_CASE("fusion: only ReLU and leaky slopes above 0, and one activation for a norm") {
  static_assert(layer_of<ReLU>.negative_slope == 0);
  static_assert(layer_of<LeakyReLU<slope(0.3)>>.negative_slope == 0.3);
  static_assert(layer_of<LeakyReLU<slope(0)>>.negative_slope < 0);  // 0 x is -0, or NaN
  static_assert(layer_of<ELU<>>.negative_slope < 0);
  static_assert(layer_of<BatchNorm1d<4>>.takes_activation &&
                layer_of<BatchNorm2d<4>>.takes_activation);
  static_assert(!layer_of<Conv2d<3, 3, same>>.takes_activation);
  CHECK(skipped<Network<Input<4, 4, 3>, BatchNorm2d<3>, Leaky, ReLU>>() == 1);
  CHECK(skipped<Network<Input<4, 4, 3>, BatchNorm2d<3>, ELU<>, BatchNorm2d<3>, Tanh>>() == 0);
  CHECK(skipped<Network<Input<4, 4, 3>, Conv2d<3, 3, same>, ReLU>>() == 0);
  CHECK(skipped<models::PConvCifarNet2>() == 15);
}

TEST_CASE("fusion: gradients against differences") {
  for (const Mode mode : {Mode::train, Mode::evaluate}) {
    const auto report = gradient_check<Masked<Itself>>({.mode = mode});
    CHECK_MESSAGE(report.passed(), report.text());
  }
}
