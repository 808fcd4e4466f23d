// SPDX-License-Identifier: BSD-3-Clause
// The kernels of losses on the (emulated) GPU beside the CPU's: sums, gradients, holes with NaN
// under them, and Gram matrices.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <tessera/kernels/gram.hpp>
#include <tessera/kernels/pixel_loss.hpp>
#include <tessera/kernels/target_loss.hpp>
#include <tessera/kernels/total_variation.hpp>
#include <tessera/kernels/cuda/gram.hpp>
#include <tessera/kernels/cuda/pixel_loss.hpp>
#include <tessera/kernels/cuda/target_loss.hpp>
#include <tessera/kernels/cuda/total_variation.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;
using kernels::Region;

namespace {

// clang-format off
/// Not 0 where y is t, and with settings that come from the host.
TESSERA_LOSS_FUNCTION(WithSettings, (scale = 0.75, offset = 2),
  template <class T> T error(T y, T t) const {
    return constant<T>(scale) * (y - t) + constant<T>(offset);
  }
  template <class T> T derivative(T, T) const { return constant<T>(scale); })
// clang-format on

/// The functions, for loops over them.
enum class TargetError { cross_entropy, logit_cross_entropy, squared, hinge, linear };
template <class Work>
auto with_function(TargetError error, const Work& work) {
  if (error == TargetError::cross_entropy) return work(kernels::CrossEntropy{});
  if (error == TargetError::logit_cross_entropy) return work(kernels::LogitCrossEntropy{});
  if (error == TargetError::squared) return work(kernels::SquaredError{});
  return error == TargetError::hinge ? work(kernels::HingeError{}) : work(kernels::LinearError{});
}

struct Case {
  int batch, height, width, channels, extra;
};
constexpr Case cases[] = {
    {1, 1, 1, 1, 0}, {2, 5, 7, 3, 0}, {1, 9, 4, 3, 2}, {3, 2, 3, 65, 1}, {2, 31, 37, 3, 0}};

/// A loss with its operands on both devices.
template <class T>
struct Operands {
  Context<Cuda> gpu;
  Context<Cpu> cpu{1};
  TwinView<T> y, t, dy;
  Twin<std::uint8_t> hole;
  std::vector<std::byte> workspace;

  explicit Operands(const Case& c)
      : y(gpu, c.batch, c.height, c.width, c.channels, c.extra, 1),
        t(gpu, c.batch, c.height, c.width, c.channels, 0, 2),
        dy(gpu, c.batch, c.height, c.width, c.channels, c.extra, 3),
        hole(gpu, holes(y.shape)),
        workspace(kernels::pixel_loss_workspace(c.batch, y.shape.shape()) +
                  kernels::total_variation_workspace(c.batch, y.shape.shape())) {}

  HoleView cpu_hole() const {
    return make_hole_view(hole.host.data(), y.shape.batch, y.shape.shape());
  }
  HoleView gpu_hole() const {
    return make_hole_view<const std::uint8_t>(hole.device.data(), y.shape.batch, y.shape.shape());
  }

  /// NaN in y where `where(p)`, and in t elsewhere.
  template <class Where>
  void poison(const Where& where) {
    const T nan = std::numeric_limits<T>::quiet_NaN();
    for (std::ptrdiff_t p = 0; p < y.shape.pixels(); ++p) {
      const View<T> v = where(p) ? y.cpu() : t.cpu();
      std::fill_n(v.pixel(p), v.channels, nan);
    }
    y.numbers.upload();
    t.numbers.upload();
  }
  /// The gradients are equal, also where there is no element of dy.
  double gradient_distance() const { return distance(dy.numbers.read(), dy.numbers.host); }

 private:
  static std::vector<std::uint8_t> holes(const View<T>& shape) {
    std::vector<std::uint8_t> values;
    for (const float v : random_numbers<float>(static_cast<std::size_t>(shape.pixels()), 4))
      values.push_back(v > 0.2f ? 1 : 0);
    return values;
  }
};

/// Whether two sums of `size` elements in T, each kept in double, agree.
template <class T>
void check_sum(const DeviceNumber& a, double b) {
  const double value = a.value();
  CHECK(std::isfinite(b));
  CHECK(std::fabs(value - b) <= (sizeof(T) == 4 ? 4 * unit<T> : 1e-13) * (1 + std::fabs(b)));
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: pixel losses are the CPU's", T, float, double) {
  const auto check = [](const auto& error, const Case& c, Region region) {
    Operands<T> o(c);
    const HoleView host = o.cpu_hole();
    if (region != Region::whole)  // NaN outside the region changes nothing
      for (std::size_t p = 0; p < o.hole.host.size(); ++p)
        if (host.missing(static_cast<std::ptrdiff_t>(p)) != (region == Region::hole))
          std::fill_n(o.y.cpu().pixel(static_cast<std::ptrdiff_t>(p)), c.channels,
                      std::numeric_limits<T>::quiet_NaN());
    o.y.numbers.upload();
    const auto cpu = [&](double factor, View<T> dy) {
      return kernels::pixel_loss(o.cpu, error, region, o.y.cpu(), o.t.cpu(),
                                 region == Region::whole ? HoleView{} : host, factor, dy,
                                 o.workspace.data());
    };
    const HoleView hole = region == Region::whole ? HoleView{} : o.gpu_hole();
    check_sum<T>(kernels::pixel_loss(o.gpu, error, region, o.y.gpu(), o.t.gpu(), hole, 0.3,
                                     o.dy.gpu(), nullptr),
                 cpu(0.3, o.dy.cpu()));
    CHECK(o.gradient_distance() <= 2 * unit<T>);
    check_sum<T>(kernels::pixel_loss(o.gpu, error, region, o.y.gpu(), o.t.gpu(), hole, 0.3,
                                     View<T>{}, nullptr),
                 cpu(0.3, {}));
    const double elements =
        static_cast<double>(kernels::region_pixels(region, host, o.y.shape.pixels())) * c.channels;
    const double count = std::max(1.0, elements);
    check_sum<T>(kernels::pixel_loss_mean(o.gpu, error, region, o.y.gpu(), o.t.gpu(), hole, 0.7,
                                          o.dy.gpu(), nullptr),
                 cpu(0.7 / count, o.dy.cpu()) / count);
    CHECK(o.gradient_distance() <= 2 * unit<T>);
  };
  for (const Case& c : cases)
    for (const Region region : {Region::whole, Region::hole, Region::valid}) {
      check(kernels::SquaredError{}, c, region);
      check(kernels::AbsoluteError{}, c, region);
      check(WithSettings{}, c, region);
    }
}

TEST_CASE_TEMPLATE("cuda: an empty region has the mean 0; NaN inside stays", T, float, double) {
  Operands<T> o({2, 3, 5, 3, 0});
  std::ranges::fill(o.hole.host, std::uint8_t{0});
  o.hole.upload();
  const auto mean = [&](Region region) {
    return kernels::pixel_loss_mean(o.gpu, kernels::AbsoluteError{}, region, o.y.gpu(), o.t.gpu(),
                                    o.gpu_hole(), 1, o.dy.gpu(), nullptr)
        .value();
  };
  CHECK(mean(Region::hole) == 0);
  CHECK(o.dy.numbers.read() == o.dy.numbers.host);
  o.y.numbers.host[7] = std::numeric_limits<T>::quiet_NaN();
  o.y.numbers.upload();
  CHECK(std::isnan(mean(Region::valid)));
  CHECK(std::isnan(o.dy.numbers.read()[7]));
  CHECK(!std::isnan(o.dy.numbers.read()[6]));
}

TEST_CASE_TEMPLATE("cuda: losses against targets are the CPU's", T, float, double) {
  constexpr TargetError errors[] = {TargetError::cross_entropy, TargetError::logit_cross_entropy,
                                    TargetError::squared, TargetError::hinge, TargetError::linear};
  for (const Case& c : cases)
    for (const TargetError error : errors)
      for (const bool each : {false, true}) {
        Operands<T> o(c);
        if (error == TargetError::cross_entropy)
          for (T& v : o.y.numbers.host) v = (v + T(1)) / T(2);
        for (T& v : o.t.numbers.host) v = (v + T(1)) / T(2);
        if (o.y.numbers.host.size() > 9) {  // where the bounds and kinks are
          o.y.numbers.host[0] = T(0);
          o.y.numbers.host[6] = T(1);
        }
        o.y.numbers.upload();
        o.t.numbers.upload();
        CAPTURE(static_cast<int>(error));
        const auto run = [&](View<T> gpu_dy, View<T> cpu_dy) {
          with_function(error, [&](const auto& f) {
            check_sum<T>(kernels::target_loss(o.gpu, f, o.y.gpu(), each ? o.t.gpu() : View<T>{}, 1,
                                              0.3, gpu_dy, nullptr),
                         kernels::target_loss(o.cpu, f, o.y.cpu(), each ? o.t.cpu() : View<T>{}, 1,
                                              0.3, cpu_dy, o.workspace.data()));
          });
        };
        run(o.dy.gpu(), o.dy.cpu());
        CHECK(o.gradient_distance() <= 16 * unit<T>);
        run({}, {});
      }
}

TEST_CASE_TEMPLATE("cuda: the total variation is the CPU's", T, float, double) {
  for (const Case& c : cases) {
    Operands<T> o(c);
    o.poison([&](std::ptrdiff_t p) { return !o.hole.host[static_cast<std::size_t>(p)]; });
    const auto run = [&](View<T> gpu_dy, View<T> cpu_dy) {
      check_sum<T>(
          kernels::total_variation(o.gpu, o.y.gpu(), o.t.gpu(), o.gpu_hole(), 0.3, gpu_dy, nullptr),
          kernels::total_variation(o.cpu, o.y.cpu(), o.t.cpu(), o.cpu_hole(), 0.3, cpu_dy,
                                   o.workspace.data()));
    };
    run(o.dy.gpu(), o.dy.cpu());
    CHECK(o.gradient_distance() <= 2 * unit<T>);
    run({}, {});
  }
}

TEST_CASE_TEMPLATE("cuda: Gram matrices are the CPU's", T, float, double) {
  for (const Case& c : {Case{1, 3, 5, 4, 0}, Case{3, 4, 3, 5, 2}, Case{2, 1, 1, 3, 0}})
    for (const int together : {1, c.batch}) {
      Operands<T> o(c);
      const auto size = static_cast<std::size_t>(kernels::gram_size(c.batch, c.channels, together));
      Twin<T> g(o.gpu, std::vector<T>(size, std::numeric_limits<T>::quiet_NaN()));
      kernels::gram(o.cpu, o.y.cpu(), together, g.host.data());
      kernels::gram(o.gpu, o.y.gpu(), together, g.device.data());
      CHECK(distance(g.read(), g.host) <= 64 * unit<T>);
      g.upload();  // symmetric
      kernels::gram_backward(o.cpu, o.y.cpu(), together, g.host.data(), o.dy.cpu());
      kernels::gram_backward(o.gpu, o.y.gpu(), together, g.device.data(), o.dy.gpu());
      CHECK(o.gradient_distance() <= 64 * unit<T>);
    }
}
