// SPDX-License-Identifier: BSD-3-Clause
// Batch normalisation: the GPU's kernels, emulated, beside the CPU's, also with the activation
// behind it.
#include <doctest/doctest.h>

#include <tessera/kernels/batch_norm.hpp>
#include <tessera/kernels/cuda/batch_norm.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/network/containers.hpp>

#include "on_device.hpp"
#include "same_model.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

/// Numbers of a layer: gamma, beta, running mean and variance (positive), saved, gradients.
template <class T>
struct Numbers {
  Twin<T> gamma, beta, mean, variance, saved, dgamma, dbeta;
  bool affine, tracked;
  double slope = -1;  // of the activation behind
  std::vector<std::byte> workspace;

  Numbers(const Context<Cuda>& gpu, const View<T>& shape, bool with_affine, bool with_running)
      : gamma(make(gpu, shape, 1, 1)),
        beta(make(gpu, shape, 1, 2)),
        mean(make(gpu, shape, 1, 3)),
        variance(make(gpu, shape, 1, 4)),
        saved(make(gpu, shape, 2, 5)),
        dgamma(make(gpu, shape, 1, 6)),
        dbeta(make(gpu, shape, 1, 7)),
        affine(with_affine),
        tracked(with_running),
        workspace(kernels::batch_norm_workspace<T>(shape.batch, shape.shape())) {
    for (T& v : variance.host) v = std::fabs(v) + T(0.25);
    variance.upload();
  }
  kernels::BatchNormState<T> cpu() {
    return state([](auto& twin) { return twin.host.data(); });
  }
  kernels::BatchNormState<T> gpu() {
    return state([](auto& twin) { return twin.device.data(); });
  }

 private:
  static Twin<T> make(const Context<Cuda>& gpu, const View<T>& shape, int rows,
                      std::uint64_t seed) {
    return Twin<T>(gpu, random_numbers<T>(static_cast<std::size_t>(rows * shape.channels), seed));
  }
  template <class Data>
  kernels::BatchNormState<T> state(const Data& data) {
    return {affine ? data(gamma) : nullptr,
            affine ? data(beta) : nullptr,
            tracked ? data(mean) : nullptr,
            tracked ? data(variance) : nullptr,
            1e-5,
            0.3,
            slope};
  }
};

/// The CPU adds up float gradients in float: thousands of rounded terms.
template <class T>
inline constexpr double near = sizeof(T) == sizeof(float) ? 256 * unit<T> : 1e-12;

/// In place and out of place, beside the CPU.
template <class T>
void check_training(const View<T>& shape, int extra, bool in_place, bool affine, bool tracked,
                    double slope = -1) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  const auto view = [&](std::uint64_t seed) {
    return TwinView<T>(gpu, shape.batch, shape.height, shape.width, shape.channels, extra, seed);
  };
  CAPTURE(shape.channels);
  TwinView<T> x = view(1), y = view(2), dy = view(3), dx = view(4);
  Numbers<T> s(gpu, x.shape, affine, tracked);
  s.slope = slope;
  const View<T> yc = in_place ? x.cpu() : y.cpu(), yg = in_place ? x.gpu() : y.gpu();
  const View<T> dxc = in_place ? dy.cpu() : dx.cpu(), dxg = in_place ? dy.gpu() : dx.gpu();
  kernels::batch_norm_training(cpu, s.cpu(), x.cpu(), yc, s.saved.host.data(), s.workspace.data());
  kernels::batch_norm_training(gpu, s.gpu(), x.gpu(), yg, s.saved.device.data(), nullptr);
  CHECK(distance(x.numbers.read(), x.numbers.host) <= near<T>);
  CHECK(distance(y.numbers.read(), y.numbers.host) <= near<T>);
  CHECK(distance(s.saved.read(), s.saved.host) <= near<T>);
  CHECK(distance(s.mean.read(), s.mean.host) <= near<T>);
  CHECK(distance(s.variance.read(), s.variance.host) <= near<T>);
  kernels::batch_norm_training_backward(cpu, s.cpu(), x.cpu(), dy.cpu(), s.saved.host.data(), dxc,
                                        s.dgamma.host.data(), s.dbeta.host.data(),
                                        s.workspace.data());
  kernels::batch_norm_training_backward(gpu, s.gpu(), x.gpu(), dy.gpu(), s.saved.device.data(), dxg,
                                        s.dgamma.device.data(), s.dbeta.device.data(), nullptr);
  CHECK(distance(dy.numbers.read(), dy.numbers.host) <= near<T>);
  CHECK(distance(dx.numbers.read(), dx.numbers.host) <= near<T>);
  CHECK(distance(s.dgamma.read(), s.dgamma.host) <= near<T>);
  CHECK(distance(s.dbeta.read(), s.dbeta.host) <= near<T>);
}

/// A ReLU that no layer before it applies.
struct ApartReLU : ReLU {
  static constexpr double negative_slope = -1;
};
template <class A>
using Net = Network<Input<5, 7, 3>, BatchNorm2d<3>, A, SkipConcat<BatchNorm2d<3>, LeakyReLU<>>,
                    BatchNorm2d<6>, A>;
/// Of one training step.
template <class N, class T>
std::size_t kernels_of() {
  Model<N, Cuda, T> model;
  const Pass<Cuda, T> pass = model.pass({.batch = 2, .input_gradients = true});
  return model.context().engine().kernels();
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: batch norm in training is the CPU's", T, float, double) {
  check_training<T>({nullptr, 2, 5, 7, 3}, 0, false, true, true);
  check_training<T>({nullptr, 2, 5, 7, 3}, 2, false, true, true);
  check_training<T>({nullptr, 2, 5, 7, 3}, 2, true, false, true);
  check_training<T>({nullptr, 1, 3, 3, 65}, 1, true, true, false);
  check_training<T>({nullptr, 3, 11, 13, 130}, 0, false, true, true);  // several chunks
  check_training<T>({nullptr, 2, 31, 37, 1}, 3, false, true, true);
  check_training<T>({nullptr, 1, 1, 1, 2}, 0, false, true, true);  // no unbiased variance
}

TEST_CASE_TEMPLATE("cuda: batch norm with an activation behind it is the CPU's", T, float, double) {
  for (const double slope : {0.0, 0.2}) {
    check_training<T>({nullptr, 2, 5, 7, 3}, 2, false, true, true, slope);
    check_training<T>({nullptr, 2, 5, 7, 3}, 2, true, false, true, slope);
    check_training<T>({nullptr, 3, 11, 13, 130}, 0, false, true, true, slope);
  }
  expect_same_step<Net<ReLU>, T>(2, 64);
  // both directions of ReLU, on contiguous views and in slices
  CHECK(kernels_of<Net<ReLU>, T>() + 4 == kernels_of<Net<ApartReLU>, T>());
}

TEST_CASE_TEMPLATE("cuda: batch norm hands NaN on as the activation does", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  for (const double slope : {-1.0, 0.0, 0.2}) {
    TwinView<T> x(gpu, 2, 3, 5, 3, 1, 1), y(gpu, 2, 3, 5, 3, 1, 2), dx(gpu, 2, 3, 5, 3, 1, 3);
    for (const double v : {std::nan(""), double{INFINITY}, -double{INFINITY}})
      x.numbers.host[static_cast<std::size_t>(v > 0 ? 5 : v < 0 ? 9 : 13)] = static_cast<T>(v);
    x.numbers.upload();
    Numbers<T> s(gpu, x.shape, true, true);
    s.slope = slope;
    kernels::batch_norm_evaluation(cpu, s.cpu(), x.cpu(), y.cpu(), s.workspace.data());
    kernels::batch_norm_evaluation(gpu, s.gpu(), x.gpu(), y.gpu(), nullptr);
    CHECK(distance(y.numbers.read(), y.numbers.host) <= 16 * unit<T>);
    kernels::batch_norm_evaluation_backward(cpu, s.cpu(), x.cpu(), dx.cpu(), dx.cpu(), nullptr,
                                            nullptr, s.workspace.data());
    kernels::batch_norm_evaluation_backward(gpu, s.gpu(), x.gpu(), dx.gpu(), dx.gpu(), nullptr,
                                            nullptr, nullptr);
    CHECK(distance(dx.numbers.read(), dx.numbers.host) <= 16 * unit<T>);
    for (const T v : dx.numbers.host) CHECK(std::isfinite(v));
  }
}

TEST_CASE_TEMPLATE("cuda: batch norm in evaluation is the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  for (const int extra : {0, 3, 4}) {
    TwinView<T> x(gpu, 2, 5, 7, 5, extra, 1), y(gpu, 2, 5, 7, 5, extra, 2);
    TwinView<T> dy(gpu, 2, 5, 7, 5, extra, 3), dx(gpu, 2, 5, 7, 5, extra, 4);
    Numbers<T> s(gpu, x.shape, extra == 0, true);
    if (extra == 4) s.slope = 0.2;
    const std::vector<T> mean = s.mean.host, variance = s.variance.host;
    kernels::batch_norm_evaluation(cpu, s.cpu(), x.cpu(), y.cpu(), s.workspace.data());
    kernels::batch_norm_evaluation(gpu, s.gpu(), x.gpu(), y.gpu(), nullptr);
    CHECK(distance(y.numbers.read(), y.numbers.host) <= 16 * unit<T>);
    kernels::batch_norm_evaluation_backward(cpu, s.cpu(), x.cpu(), dy.cpu(), dx.cpu(),
                                            s.dgamma.host.data(), s.dbeta.host.data(),
                                            s.workspace.data());
    kernels::batch_norm_evaluation_backward(gpu, s.gpu(), x.gpu(), dy.gpu(), dx.gpu(),
                                            s.dgamma.device.data(), s.dbeta.device.data(), nullptr);
    CHECK(distance(dx.numbers.read(), dx.numbers.host) <= 16 * unit<T>);
    CHECK(distance(s.dgamma.read(), s.dgamma.host) <= near<T>);
    CHECK(distance(s.dbeta.read(), s.dbeta.host) <= near<T>);
    CHECK(s.mean.read() == mean);
    CHECK(s.variance.read() == variance);
  }
}

TEST_CASE_TEMPLATE("cuda: batch norm gives each gradient alone, and none", T, float, double) {
  const Context<Cuda> gpu;
  TwinView<T> x(gpu, 2, 3, 5, 3, 1, 1), dy(gpu, 2, 3, 5, 3, 0, 2), dx(gpu, 2, 3, 5, 3, 2, 3);
  Numbers<T> all(gpu, x.shape, true, true), s(gpu, x.shape, true, true);
  kernels::batch_norm_training(gpu, s.gpu(), x.gpu(), dx.gpu(), s.saved.device.data(), nullptr);
  const auto backward = [&](bool training, View<T> to, T* dgamma, T* dbeta) {
    if (training)
      kernels::batch_norm_training_backward(gpu, s.gpu(), x.gpu(), dy.gpu(), s.saved.device.data(),
                                            to, dgamma, dbeta, nullptr);
    else
      kernels::batch_norm_evaluation_backward(gpu, s.gpu(), x.gpu(), dy.gpu(), to, dgamma, dbeta,
                                              nullptr);
  };
  for (const bool training : {true, false}) {
    for (Numbers<T>* n : {&all, &s}) n->dgamma.upload(), n->dbeta.upload();
    dx.numbers.upload();
    backward(training, dx.gpu(), all.dgamma.device.data(), all.dbeta.device.data());
    const std::vector<T> together = dx.numbers.read();
    CHECK(together != dx.numbers.host);
    CHECK(all.dgamma.read() != all.dgamma.host);
    dx.numbers.upload();
    backward(training, dx.gpu(), nullptr, nullptr);
    CHECK(dx.numbers.read() == together);
    backward(training, {}, s.dgamma.device.data(), nullptr);
    CHECK(s.dgamma.read() == all.dgamma.read());
    CHECK(s.dbeta.read() == s.dbeta.host);
    backward(training, {}, nullptr, s.dbeta.device.data());
    CHECK(s.dbeta.read() == all.dbeta.read());
    backward(training, {}, nullptr, nullptr);
    CHECK(s.dgamma.read() == all.dgamma.read());
  }
}

TEST_CASE_TEMPLATE("cuda: batch norm loses nothing to a large mean", T, float, double) {
  const Context<Cuda> gpu;
  const double mean = 1000;
  TwinView<T> x(gpu, 2, 20, 30, 5, 0, 1), y(gpu, 2, 20, 30, 5, 0, 2);  // three chunks
  for (T& v : x.numbers.host) v = static_cast<T>(v + mean);
  x.numbers.upload();
  Numbers<T> s(gpu, x.shape, false, false);
  kernels::batch_norm_training(gpu, s.gpu(), x.gpu(), y.gpu(), s.saved.device.data(), nullptr);
  const std::vector<T> saved = s.saved.read();
  for (std::size_t c = 0; c < 5; ++c) {  // beside sums in long double
    long double sum = 0, square = 0;
    const auto n = static_cast<long double>(x.shape.pixels());
    for (std::size_t i = c; i < x.numbers.host.size(); i += 5) sum += x.numbers.host[i];
    for (std::size_t i = c; i < x.numbers.host.size(); i += 5)
      square += (x.numbers.host[i] - sum / n) * (x.numbers.host[i] - sum / n);
    const long double inverse = 1 / std::sqrt(square / n + 1e-5L);
    CHECK(std::fabs(saved[c] / (sum / n) - 1) <= 2 * unit<T>);
    CHECK(std::fabs(saved[5 + c] / inverse - 1) <= (sizeof(T) == 4 ? unit<T> : 1e-14));
  }
}

TEST_CASE("cuda: channels and pixels are cut so that every one is met, and a GPU is filled") {
  for (const int channels : {1, 3, 33, 64, 65, 100, 512, 2048})
    for (const int samples : {1, 5, 64})
      for (const long pixels : {1L, 63L, 4096L, 1L << 20}) {
        const cuda::ColumnCut cut = cuda::column_cut(samples, pixels, channels);
        CAPTURE(channels);
        CAPTURE(pixels);
        CHECK(cut.columns * cut.rows <= 256);
        CHECK(cut.columns * cut.rows > 128);
        long all = 0;
        for (int i = 0; i < cut.chunks; ++i) {
          CHECK(cut.size(i) > 0);
          CHECK(cut.size(i) <= cut.chunk);
          all += cut.size(i);
        }
        CHECK(all == pixels);
        const int across = (channels + cut.columns - 1) / cut.columns;
        if (samples * pixels * channels >= 1L << 26) CHECK(samples * cut.chunks * across >= 512);
        CHECK(cut.chunks <= 1024);
      }
}
