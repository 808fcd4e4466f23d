// SPDX-License-Identifier: BSD-3-Clause
// What a GPU can do, measured, and which share of it the heaviest kernels reach: memory bandwidth
// of a copy, TFLOP/s of cuBLAS in each precision; then convolutions (ours and, where it is found,
// cuDNN's: as a layer has it, and alone without what stands before and behind it), batch norm and a
// pointwise operation. One JSON line each.
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <tessera/cuda.hpp>
#include <tessera/cuda/cudnn/cudnn.hpp>
#include <tessera/io/json.hpp>
#include <tessera/kernels/functions.hpp>
#include <tessera/layers/options.hpp>

namespace ts = tessera;
using ts::Convolutions;
using ts::Precision;
using ts::cuda::ConvolutionPass;

namespace {

/// Seconds of one call, the best of five runs of ten.
double seconds_of(const ts::Context<ts::Cuda>& context, const std::function<void()>& work) {
  work();
  context.engine().synchronize();
  double best = 1e30;
  for (int run = 0; run < 5; ++run) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 10; ++i) work();
    context.engine().synchronize();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::min(best, seconds.count() / 10);
  }
  return best;
}

double bandwidth = 0, peak[3]{};  // bytes/s, FLOP/s

void measure_peaks(const ts::Context<ts::Cuda>& gpu) {
  constexpr std::size_t n = std::size_t{1} << 26;
  const ts::DeviceBuffer<float> a(gpu, n), b(gpu, n), c(gpu, n);
  const double copy = seconds_of(gpu, [&] { gpu.engine().copy(b.data(), a.data(), 4 * n); });
  bandwidth = 2 * 4 * static_cast<double>(n) / copy;
  std::printf("%s\n", ts::JsonLine()
                          .add("gpu", gpu.engine().device().name)
                          .add("copy_gb_per_s", bandwidth * 1e-9)
                          .str()
                          .c_str());
  constexpr long side = 8192;
  for (const Precision p : ts::cuda::precisions) {
    const double s = seconds_of(gpu, [&] {
      gpu.engine().blas().gemm(gpu.engine().stream(), p, false, false, side, side, side, 1.0f,
                               a.data(), side, b.data(), side, 0.0f, c.data(), side);
    });
    peak[static_cast<int>(p)] = 2.0 * side * side * side / s;
    std::printf("%s\n", ts::JsonLine()
                            .add("cublas", name(p))
                            .add("tflop_per_s", peak[static_cast<int>(p)] * 1e-12)
                            .str()
                            .c_str());
  }
}

/// A convolution of a documented network at a batch that fills a GPU.
struct Layer {
  const char* name;
  int batch, size, in, out, kernel, stride, padding;
};
constexpr Layer layers[] = {{"pconv_unet enc2", 16, 128, 64, 128, 5, 2, 2},
                            {"pconv_unet dec7", 16, 128, 192, 64, 3, 1, 1},
                            {"pix2pix enc3", 32, 64, 128, 256, 4, 2, 1},
                            {"pconv_cifar_net2 64 to 64", 400, 16, 64, 64, 3, 1, 1},
                            {"vgg16 conv3", 16, 64, 256, 256, 3, 1, 1}};

template <int K, int S>
void bench_convolution(const Layer& l) {
  const int size = (l.size + 2 * l.padding - K) / S + 1;
  const ts::kernels::Conv2dProblem p{l.batch, l.size, l.size, l.in, size,
                                     size,    l.out,  K,      S,    l.padding};
  const double flops = 2.0 * l.batch * size * size * l.out * l.in * K * K;
  const auto count = [](double n) { return static_cast<std::size_t>(n); };
  for (const Precision precision : ts::cuda::precisions) {
    const ts::Context<ts::Cuda> gpu(0, precision, Convolutions::own);
    const ts::DeviceBuffer<float> x(gpu, count(1.0 * l.batch * l.size * l.size * l.in));
    const ts::DeviceBuffer<float> y(gpu, count(1.0 * l.batch * size * size * l.out));
    const ts::DeviceBuffer<float> w(gpu, count(1.0 * K * K * l.in * l.out));
    const auto vx = ts::make_view(x.data(), l.batch, {l.size, l.size, l.in});
    const auto vy = ts::make_view(y.data(), l.batch, {size, size, l.out});
    const auto report = [&](const char* by, ConvolutionPass pass, double seconds) {
      std::printf("%s\n",
                  ts::JsonLine()
                      .add("layer", l.name)
                      .add("pass", std::string(name(pass)))
                      .add("by", by)
                      .add("products", name(precision))
                      .add("tflop_per_s", flops / seconds * 1e-12)
                      .add("share_of_cublas", flops / seconds / peak[static_cast<int>(precision)])
                      .str()
                      .c_str());
    };
    const float* const none = nullptr;
    const ts::View<const float> cx = vx, cy = vy;
    const auto bench_layer = [&](const ts::Context<ts::Cuda>& by, const char* name_of_it) {
      report(name_of_it, ConvolutionPass::forward, seconds_of(by, [&] {
               ts::kernels::conv2d_forward<K, S>(by, p, cx, {}, w.data(), none, none, vy, nullptr);
             }));
      report(name_of_it, ConvolutionPass::backward_input, seconds_of(by, [&] {
               ts::kernels::conv2d_backward_input<K, S>(by, p, cy, {}, w.data(), none, vx, nullptr);
             }));
      report(name_of_it, ConvolutionPass::backward_weight, seconds_of(by, [&] {
               ts::kernels::conv2d_backward_weight<K, S>(by, p, cx, {}, cy, none, w.data(),
                                                         static_cast<float*>(nullptr), nullptr);
             }));
    };
    bench_layer(gpu, "tessera");
    if (!gpu.engine().convolutions().why_not(precision).empty()) continue;
    bench_layer(ts::Context<ts::Cuda>(0, precision, Convolutions::cudnn), "cudnn");
    const ts::cuda::CudnnHandle handle(gpu.engine().stream().handle());
    for (const auto pass : {ConvolutionPass::forward, ConvolutionPass::backward_input,
                            ConvolutionPass::backward_weight}) {
      const ts::cuda::CudnnConvolution convolution({p, pass, precision, l.in, l.out}, handle);
      const ts::DeviceBuffer<std::byte> workspace(gpu, convolution.workspace_bytes() + 1);
      const void *first = x.data(), *second = w.data();
      void* result = y.data();
      if (pass == ConvolutionPass::backward_input) first = y.data(), result = x.data();
      if (pass == ConvolutionPass::backward_weight) second = y.data(), result = w.data();
      report("cudnn alone", pass, seconds_of(gpu, [&] {
               convolution.run(handle, first, second, result, workspace.data());
             }));
    }
  }
}

void bench_bandwidth(const ts::Context<ts::Cuda>& gpu) {
  constexpr int n = 16, side = 256, c = 64;
  const std::size_t size = std::size_t{n} * side * side * c;
  const ts::DeviceBuffer<float> x(gpu, size), y(gpu, size), state(gpu, 4 * c), saved(gpu, 2 * c);
  const auto vx = ts::make_view(x.data(), n, {side, side, c});
  const auto vy = ts::make_view(y.data(), n, {side, side, c});
  const auto report = [&](const char* kernel, double passes, double seconds) {
    const double rate = passes * 4 * static_cast<double>(size) / seconds;
    std::printf("%s\n", ts::JsonLine()
                            .add("kernel", kernel)
                            .add("gb_per_s", rate * 1e-9)
                            .add("share_of_copy", rate / bandwidth)
                            .str()
                            .c_str());
  };
  report("leaky_relu forward", 2, seconds_of(gpu, [&] {
           ts::kernels::pointwise_forward(gpu, ts::kernels::LeakyRelu<ts::slope(0.2)>{}, vx, vy);
         }));
  const ts::kernels::BatchNormState<float> norm{state.data(), state.data() + c,
                                                state.data() + 2 * c, state.data() + 3 * c};
  report("batch_norm training", 3, seconds_of(gpu, [&] {
           ts::kernels::batch_norm_training(gpu, norm, ts::View<const float>(vx), vy, saved.data(),
                                            nullptr);
         }));
}

}  // namespace

int main() try {
  const ts::Context<ts::Cuda> gpu;
  measure_peaks(gpu);
  for (const Layer& l : layers) {
    if (l.kernel == 5) bench_convolution<5, 2>(l);
    if (l.kernel == 4) bench_convolution<4, 2>(l);
    if (l.kernel == 3) bench_convolution<3, 1>(l);
  }
  bench_bandwidth(gpu);
  return 0;
} catch (const ts::Error& error) {
  std::fprintf(stderr, "bench_cuda: %s\n", error.what());
  return 1;
}
