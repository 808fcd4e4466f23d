// SPDX-License-Identifier: BSD-3-Clause
// Losses against a target: sums and slopes against scalar formulas, layouts, tails, threads.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/target_loss.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

namespace {

/// The functions, for loops over them.
enum class TargetError { cross_entropy, logit_cross_entropy, squared, hinge, linear };
template <class Work>
auto with_function(TargetError error, const Work& work) {
  if (error == TargetError::cross_entropy) return work(kernels::CrossEntropy{});
  if (error == TargetError::logit_cross_entropy) return work(kernels::LogitCrossEntropy{});
  if (error == TargetError::squared) return work(kernels::SquaredError{});
  return error == TargetError::hinge ? work(kernels::HingeError{}) : work(kernels::LinearError{});
}
template <class... A>
double loss_of(const Context<Cpu>& context, TargetError error, A&&... arguments) {
  return with_function(error, [&](const auto& f) { return target_loss(context, f, arguments...); });
}

constexpr TargetError errors[] = {TargetError::cross_entropy, TargetError::logit_cross_entropy,
                                  TargetError::squared, TargetError::hinge, TargetError::linear};

double error_of(TargetError e, double y, double t) {
  if (e == TargetError::cross_entropy)
    return -(t * std::fmax(std::log(y), -100) + (1 - t) * std::fmax(std::log(1 - y), -100));
  if (e == TargetError::logit_cross_entropy)
    return std::fmax(y, 0) - y * t + std::log1p(std::exp(-std::fabs(y)));
  if (e == TargetError::squared) return (y - t) * (y - t);
  return e == TargetError::hinge ? std::fmax(0, 1 - t * y) : -t * y;
}
double slope_of(TargetError e, double y, double t) {
  if (e == TargetError::cross_entropy) return (y - t) / std::fmax(y * (1 - y), 1e-12);
  if (e == TargetError::logit_cross_entropy) return 1 / (1 + std::exp(-y)) - t;
  if (e == TargetError::squared) return 2 * (y - t);
  return e == TargetError::hinge && !(1 - t * y > 0) ? 0 : -t;
}

}  // namespace

TEST_CASE_TEMPLATE("target_loss: sums and slopes against scalar formulas", T, float, double) {
  for (const Layout layout : layouts)
    for (const int c : channel_counts)
      for (const TargetError error : errors)
        for (const bool each : {false, true}) {
          const Layout target_layout =
              layout == Layout::contiguous ? Layout::slice : Layout::contiguous;
          Field<T> y(2, 5, 7, c, layout, 1), t(2, 5, 7, c, target_layout, 2);
          Field<T> dy(2, 5, 7, c, layout, 3), before = dy;
          for (std::ptrdiff_t p = 0; p < 70; ++p)
            for (int k = 0; k < c; ++k) {
              if (error == TargetError::cross_entropy)  // probabilities, away from 0 and 1
                y.at(p, k) = T(1) / (T(1) + std::exp(-y.at(p, k)));
              if (error != TargetError::hinge) t.at(p, k) = T(1) / (T(1) + std::exp(-t.at(p, k)));
            }
          std::vector<std::byte> workspace(target_loss_workspace(2, {5, 7, c}));
          const View<const T> targets = each ? View<const T>(t.view()) : View<const T>{};
          const double loss =
              loss_of(Context<Cpu>{}, error, y, targets, 0.75, 0.5, dy.view(), workspace.data());
          const double value =
              loss_of(Context<Cpu>{3}, error, y, targets, 0.75, 0.5, View<T>{}, workspace.data());
          double want = 0;
          for (std::ptrdiff_t p = 0; p < 70; ++p)
            for (int k = 0; k < c; ++k) {
              const double v = static_cast<double>(y.at(p, k));
              const double target = each ? static_cast<double>(t.at(p, k)) : 0.75;
              want += error_of(error, v, target);
              CHECK(near(dy.at(p, k),
                         static_cast<double>(before.at(p, k)) + 0.5 * slope_of(error, v, target),
                         64));
            }
          CHECK(near(static_cast<T>(loss), want, 64));
          CHECK(value == loss);
          CHECK(dy.intact());
        }
}

TEST_CASE_TEMPLATE("target_loss: the ends of the numbers, NaN included", T, float, double) {
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  std::vector<std::byte> workspace(target_loss_workspace(1, {1, 1, 1}));
  const auto both = [&](TargetError error, T v, double target) {
    T slope = 0;
    const double loss =
        loss_of(Context<Cpu>{}, error, make_view<const T>(&v, 1, {1, 1, 1}), View<const T>{},
                target, 1, make_view(&slope, 1, {1, 1, 1}), workspace.data());
    return std::pair(loss, static_cast<double>(slope));
  };
  CHECK(both(TargetError::cross_entropy, T(0), 1) ==
        std::pair(100.0, static_cast<double>(-T(1) / T(1e-12))));
  CHECK(both(TargetError::cross_entropy, T(1), 1) == std::pair(0.0, 0.0));
  CHECK(both(TargetError::logit_cross_entropy, T(1000), 1) == std::pair(0.0, 0.0));
  CHECK(both(TargetError::logit_cross_entropy, T(-1000), 1) == std::pair(1000.0, -1.0));
  CHECK(both(TargetError::logit_cross_entropy, T(1000), 0) == std::pair(1000.0, 1.0));
  CHECK(both(TargetError::hinge, T(1), 1) == std::pair(0.0, 0.0));
  CHECK(both(TargetError::squared, inf, 1).first == std::numeric_limits<double>::infinity());
  for (const TargetError error : errors) CHECK(std::isnan(both(error, nan, 1).first));
  CHECK(std::isnan(both(TargetError::cross_entropy, T(1.5), 1).first));
  CHECK(std::isnan(both(TargetError::cross_entropy, T(-1), 1).first));
}

TEST_CASE("target_loss: threads give the same bits") {
  for (const Layout layout : {Layout::contiguous, Layout::slice}) {
    Field<float> y(3, 65, 64, 3, layout);
    std::vector<std::byte> workspace(target_loss_workspace(3, {65, 64, 3}));
    std::vector<float> first;
    double loss = 0;
    for (const int threads : thread_counts) {
      Field<float> dy(3, 65, 64, 3, Layout::contiguous, 3);
      const double l = loss_of(Context<Cpu>{threads}, TargetError::logit_cross_entropy, y,
                               View<const float>{}, 1, 0.1, dy.view(), workspace.data());
      if (threads == 1) first = dy.memory(), loss = l;
      CHECK((same_bits(first, dy.memory()) && l == loss));
    }
  }
}
