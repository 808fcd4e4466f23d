// SPDX-License-Identifier: BSD-3-Clause
// A gradient against central differences, no entry left out: small tensors entry by entry, large
// ones in groups drawn at random. Members of a group are moved together, each by +-step /
// sqrt(members); where that does not fit the gradient, the group is halved until the entry is
// found.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/tensor/random.hpp>
#include <tessera/testing/detail/gradient_report.hpp>

namespace tessera::testing::detail {

struct DifferenceOptions {
  Seed seed{1};
  int groups = 256;    // of a tensor with more entries than that
  double step = 1e-5;  // length of the way from the point to either side
};

/// Compares `gradient` with differences of value(), which reads `x` as it stands.
template <class T, class Value>
class Differences {
 public:
  Differences(std::string name, std::span<T> x, std::span<const T> gradient, const Value& value,
              const DifferenceOptions& options, GradientReport& report)
      : name_(std::move(name)),
        x_(x),
        gradient_(gradient),
        kept_(x.begin(), x.end()),
        value_(value),
        options_(options),
        report_(report) {
    for (const T g : gradient) scale_ = std::max(scale_, std::abs(static_cast<double>(g)));
  }

  void run() {
    std::vector<std::uint32_t> order(x_.size());
    std::iota(order.begin(), order.end(), 0u);
    const std::size_t groups =
        std::min(order.size(), static_cast<std::size_t>(std::max(1, options_.groups)));
    RandomStream random(options_.seed, 0x6F72646572u);
    if (groups < order.size())
      for (std::size_t i = order.size(); i-- > 1;)
        std::swap(order[i],
                  order[static_cast<std::size_t>(random.integer(0, static_cast<int>(i) + 1))]);
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t begin = g * order.size() / groups, end = (g + 1) * order.size() / groups;
      note({order.data() + begin, end - begin});
    }
  }

 private:
  struct Difference {
    std::span<const std::uint32_t> members;
    double analytic = 0, numeric = 0, error = 0;
  };

  void note(std::span<const std::uint32_t> members) {
    Difference worst = measure(members);
    while (worst.members.size() > 1 && !passes(worst)) {
      const std::size_t half = worst.members.size() / 2;
      const Difference a = measure(worst.members.first(half)),
                       b = measure(worst.members.subspan(half));
      const Difference& worse = a.error >= b.error ? a : b;
      if (passes(worse)) break;  // wrong together alone: reported as the group it is
      worst = worse;
    }
    report_.checked += static_cast<int>(members.size()) - 1;
    if (!report_.note(worst.error, name_, static_cast<std::int64_t>(worst.members[0]))) return;
    report_.analytic = worst.analytic;
    report_.numeric = worst.numeric;
  }
  bool passes(const Difference& d) const { return d.error <= report_.tolerance; }

  Difference measure(std::span<const std::uint32_t> members) {
    Difference d = measure(members, options_.step);
    // A kink that lies within a step is most likely outside of a shorter one; a gradient that is
    // wrong is wrong at every step. Float has no digits left for a shorter one.
    if (std::is_same_v<T, double> && !passes(d)) {
      const Difference again = measure(members, options_.step / 16);
      if (passes(again)) d = again;
    }
    return d;
  }
  Difference measure(std::span<const std::uint32_t> members, double step) {
    const double share = 1 / std::sqrt(static_cast<double>(members.size()));
    Difference d{members};
    for (const std::uint32_t k : members) d.analytic += sign(k) * share * gradient(k);
    const double above = moved(members, step * share), below = moved(members, -step * share);
    for (const std::uint32_t k : members) x_[k] = kept_[k];
    d.numeric = (above - below) / (2 * step);
    d.error = std::abs(d.numeric - d.analytic) / scale_;
    if (std::isnan(d.error)) d.error = std::numeric_limits<double>::infinity();
    return d;
  }
  double moved(std::span<const std::uint32_t> members, double by) {
    for (const std::uint32_t k : members) x_[k] = kept_[k] + static_cast<T>(sign(k) * by);
    return value_();
  }
  double gradient(std::uint32_t k) const { return static_cast<double>(gradient_[k]); }
  /// At random, so that errors of one sign do not cancel those of another by a rule; 1 for an entry
  /// by itself.
  double sign(std::uint32_t k) const {
    const bool alone = x_.size() <= static_cast<std::size_t>(options_.groups);
    return alone || philox(options_.seed.value, 0x7369676Eu, k)[0] % 2 ? 1 : -1;
  }

  std::string name_;
  std::span<T> x_;
  std::span<const T> gradient_;
  std::vector<T> kept_;
  const Value& value_;
  DifferenceOptions options_;
  GradientReport& report_;
  double scale_ =
      1e-2;  // a gradient that is 0 in truth (a bias before batch norm) is compared on it
};

/// Adds to `report`, whose tolerance is |gradient - difference| over the largest gradient.
template <class T, class Value>
void compare_with_differences(const std::string& name, std::span<T> x, std::span<const T> gradient,
                              const Value& value, const DifferenceOptions& options,
                              GradientReport& report) {
  Differences<T, Value>(name, x, gradient, value, options, report).run();
}

}  // namespace tessera::testing::detail
