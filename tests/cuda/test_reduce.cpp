// SPDX-License-Identifier: BSD-3-Clause
// Reductions on the (emulated) GPU beside the CPU's, and the numbers that stay there.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include <tessera/kernels/reduce.hpp>
#include <tessera/kernels/cuda/reduce.hpp>
#include <tessera/losses/running_sum.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

/// Calls check(name, gpu, cpu) for every reduction.
template <class T, class Check>
void all_reductions(const Context<Cuda>& gpu, const Twin<T>& x, const Check& check) {
  const Context<Cpu> cpu{1};
  const std::size_t n = x.host.size();
  std::vector<std::byte> workspace(kernels::reduce_workspace(n));
  const T* const a = x.device.data();
  const T* const b = x.host.data();
  std::byte* const w = workspace.data();
  check("sum", kernels::sum(gpu, a, n).value(), kernels::sum(cpu, b, n, w));
  check("sum_of_squares", kernels::sum_of_squares(gpu, a, n).value(),
        kernels::sum_of_squares(cpu, b, n, w));
  check("max_abs", kernels::max_abs(gpu, a, n).value(), kernels::max_abs(cpu, b, n, w));
  check("count_non_finite", kernels::count_non_finite(gpu, a, n).value(),
        static_cast<double>(kernels::count_non_finite(cpu, b, n, w)));
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: reductions are the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  for (const std::size_t n : {0ul, 1ul, 257ul, 2048ul, 2049ul, 7001ul}) {
    const Twin<T> x(gpu, random_numbers<T>(n, n + 1));
    CAPTURE(n);
    all_reductions(gpu, x, [&](const char* name, double a, double b) {
      CAPTURE(name);
      CHECK(std::fabs(a - b) <= 1e-14 * (1 + static_cast<double>(n)));
      if (std::string_view(name) != "sum") CHECK(std::fabs(a - b) <= 1e-14 * b);
    });
    CHECK(kernels::sum(gpu, x.device.data(), n).value() ==
          kernels::sum(gpu, x.device.data(), n).value());
  }
}

TEST_CASE_TEMPLATE("cuda: NaN and infinity reach every reduction", T, float, double) {
  const Context<Cuda> gpu;
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const std::pair<T, std::size_t> wrong[] = {{nan, 0}, {infinity, 300}, {-infinity, 2099}};
  for (const auto& [value, at] : wrong) {
    std::vector<T> values = random_numbers<T>(2100, 3);
    values[at] = values[17] = value;
    all_reductions(gpu, Twin<T>(gpu, values), [&](const char* name, double a, double b) {
      CAPTURE(name);
      CHECK((a == b || (std::isnan(a) && std::isnan(b))));
      if (std::string_view(name) == "count_non_finite") CHECK(a == 2);
      else CHECK(!std::isfinite(a));
    });
  }
}

TEST_CASE("cuda: more elements than the first kernel has blocks for, and the clipping factor") {
  const Context<Cuda> gpu;
  const std::size_t n = 2048 * 1024 + 777;
  static_assert(cuda::partial_blocks(n) == 1024);
  const Twin<float> x(gpu, random_numbers<float>(n, 5));
  std::vector<std::byte> workspace(kernels::reduce_workspace(n));
  const double squares =
      kernels::sum_of_squares(Context<Cpu>{1}, x.host.data(), n, workspace.data());
  CHECK(kernels::sum_of_squares(gpu, x.device.data(), n).value() ==
        doctest::Approx(squares).epsilon(1e-13));
  const auto scale = [&](double norm) {
    return kernels::clip_scale(gpu, x.device.data(), n, norm).value();
  };
  CHECK(scale(2) == doctest::Approx(2 / (std::sqrt(squares) + 1e-6)).epsilon(1e-13));
  CHECK(scale(2 * std::sqrt(squares)) == 1);
}

TEST_CASE("cuda: numbers that stay on the GPU are added up and scaled there") {
  const Context<Cuda> gpu;
  const DeviceNumber three = kernels::number(gpu, 3);
  CHECK(three.value() == 3);
  CHECK(kernels::number(gpu, three).data == three.data);
  const DeviceNumber six = kernels::number(gpu, 2 * three);
  CHECK(six.factor == 1);
  CHECK(six.value() == 6);
  RunningSum<Cuda> sum(gpu);
  RunningSum<Cpu> same(Context<Cpu>{1});
  CHECK(sum.value().value() == 0);
  sum += 0.5 * three;
  sum += six / 4;
  same += 1.5;
  same += 1.5;
  CHECK(sum.value().value() == same.value());
}
