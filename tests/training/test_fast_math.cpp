// SPDX-License-Identifier: BSD-3-Clause
// Compiled with -ffast-math (tests/CMakeLists.txt), by which compilers take every number for finite
// and std::isfinite for true: NaN is seen by its bits all the same.
#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include <tessera/data/image_data.hpp>
#include <tessera/data/loader.hpp>
#include <tessera/io/json.hpp>
#include <tessera/kernels/max_pool.hpp>
#include <tessera/kernels/reduce.hpp>
#include <tessera/tensor/pointwise_functions.hpp>
#include <tessera/testing/gradient_check.hpp>
#include <tessera/training/report.hpp>

#include "tiny_training.hpp"

using namespace tessera;
using namespace tessera::testing;

#if !defined(__FAST_MATH__) || !__FINITE_MATH_ONLY__
#error "this test is to be compiled with -ffast-math"
#endif

namespace {

volatile std::uint32_t nan_bits = 0x7FC00000u, signalling_bits = 0xFF800001u,
                       infinity_bits = 0x7F800000u, minus_bits = 0xFF800000u;
float number(std::uint32_t bits) { return std::bit_cast<float>(bits); }
const std::vector<float> not_finite{number(nan_bits), number(signalling_bits),
                                    number(infinity_bits), number(minus_bits)};
bool finite_bits(float x) { return (std::bit_cast<std::uint32_t>(x) & 0x7F800000u) != 0x7F800000u; }

}  // namespace

TEST_CASE("fast math: is_finite and is_nan look at the bits") {
  for (std::size_t i = 0; i < 4; ++i) {
    const float f = not_finite[i];
    const double d =
        std::bit_cast<double>(std::uint64_t{std::bit_cast<std::uint32_t>(f) & 0x80000000u} << 32 |
                              0x7FF0000000000000u | (i < 2));
    CHECK(!is_finite(f));
    CHECK(!is_finite(d));
    CHECK(is_nan(f) == (i < 2));
    CHECK(is_nan(d) == (i < 2));
    CHECK(json_number(f) == "null");
    CHECK(json_number(d) == "null");
  }
  for (const float f : {0.0f, -1.0f, 3.4028234e38f, 1e-45f}) {
    CHECK(is_finite(f));
    CHECK(!is_nan(f));
    CHECK(is_finite(double{f}));
  }
}

TEST_CASE("fast math: kernels count, find and pass on what is not finite") {
  const Context<Cpu> context{1};
  std::vector<std::byte> workspace(kernels::reduce_workspace(70));
  for (std::size_t at : {0u, 33u, 69u})
    for (std::size_t i = 0; i < 4; ++i) {
      std::vector<float> x(70, 1.0f);
      x[at] = not_finite[i];
      CHECK(kernels::count_non_finite(context, x.data(), x.size(), workspace.data()) == 1);
      const double largest = kernels::max_abs(context, x.data(), x.size(), workspace.data());
      CHECK(!is_finite(largest));
      CHECK(is_nan(largest) == (i < 2));
    }
  Tensor<float> x(1, {4, 4, 17}), y(1, {2, 2, 17});
  std::ranges::fill(x.span(), 1.0f);
  x.view().pixel(5)[16] = not_finite[0];
  kernels::max_pool_forward(context, 2, 2, std::as_const(x).view(), y.view());
  CHECK(is_nan(y.view().pixel(0)[16]));
  CHECK(y.view().pixel(1)[16] == 1.0f);
  using F = pointwise::Functions;
  struct Open : F {
    using F::is_nan;
    using F::max;
  };
  CHECK(is_nan(Open::max(not_finite[0], 1.0f)));
  tessera::testing::CheckReport report;
  report.tolerance = 1;
  report.note(std::bit_cast<double>(0x7FF8000000000000u), "t", 0);
  CHECK(!report.passed());
}

TEST_CASE("fast math: texts of what is not finite") {
  History history;
  history.add({{"a", 1.0}});
  history.add({{"b", 2.0}});
  CHECK(metrics_csv(history) == "a,b\n1,\n,2\n");
  CHECK(tessera::detail::number_text(std::bit_cast<double>(0x7FF0000000000000u)) == "inf");
  Metrics metrics;
  metrics.mse = 0;
  JsonLine line;
  line.add("psnr", metrics.psnr()).add("ssim", metrics.ssim);
  CHECK(line.str() == "{\"psnr\": null, \"ssim\": null}");
  Tensor<float> t(1, {1, 4, 1});
  std::ranges::copy(not_finite, t.data());
  const Image image = to_image(std::as_const(t).view());
  CHECK(std::vector<int>(image.samples.begin(), image.samples.end()) ==
        std::vector<int>{0, 0, 255, 0});
}

TEST_CASE("fast math: a training run whose loss is not finite stops, and the model stays") {
  for (const float value : not_finite) {
    Model<TinyNet> model(Seed{3}, Context<Cpu>{1});
    Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 0.05});
    const auto data = with_masks(ramps(24), LineMasks{.max_lines = 3});
    trainer.validate_on(data);
    const EpochReport good = trainer.fit(data, {.epochs = 2, .batch_size = 4});
    CHECK(is_finite(good.validation->mse));
    CHECK(good.best_epoch > 0);
    model.parameters()[3] = value;
    const std::vector<float> before(model.statistics().begin(), model.statistics().end());
    CHECK(error_of([&] { trainer.fit(data, {.batch_size = 4}); }) ==
          "training stopped: the loss is not finite at step 0 (epoch 1): parameter enc.0.weight is "
          "not finite; the step before made it so");
    CHECK(std::memcmp(before.data(), model.statistics().data(), before.size() * 4) == 0);
    int lost = 0;
    for (const float p : model.parameters()) lost += !finite_bits(p);
    CHECK(lost == 1);
  }
}
