// SPDX-License-Identifier: BSD-3-Clause
// Times the convolution kernels on the layers of the two inpainting networks, batch 100, and prints
// one JSON line per shape, pass and number of threads. Arguments: threads (default 1), repetitions.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <tessera/kernels/cpu/conv2d.hpp>
#include <tessera/tensor/buffer.hpp>

namespace {
using namespace tessera;
using kernels::Conv2dProblem;

struct Layer {
  int in, size, out, stride;
};
constexpr Layer u_net[] = {{3, 32, 32, 1},   {32, 32, 32, 2},  {32, 16, 64, 1},  {64, 16, 64, 2},
                           {64, 8, 128, 1},  {128, 8, 128, 2}, {128, 4, 256, 1}, {256, 4, 256, 2},
                           {512, 4, 256, 1}, {256, 4, 128, 1}, {256, 8, 128, 1}, {128, 8, 64, 1},
                           {128, 16, 64, 1}, {64, 16, 32, 1},  {64, 32, 32, 1},  {32, 32, 3, 1}};
constexpr Layer partial_net[] = {{3, 32, 64, 2},   {64, 16, 128, 2},  {128, 8, 256, 2},
                                 {256, 4, 512, 2}, {1024, 4, 512, 1}, {768, 8, 256, 1},
                                 {384, 16, 128, 1}, {192, 32, 3, 1}};

template <class F>
double best_seconds(int repetitions, const F& f) {
  double best = 1e9;
  for (int i = 0; i < repetitions + 1; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    const std::chrono::duration<double> d = std::chrono::steady_clock::now() - start;
    if (i > 0) best = std::min(best, d.count());
  }
  return best;
}

Buffer<float> random_buffer(std::ptrdiff_t count) {
  Buffer<float> b(static_cast<std::size_t>(count));
  std::uint32_t state = 12345;
  for (float& v : b) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<float>(state >> 8) / 16777216.0f - 0.5f;
  }
  return b;
}

constexpr const char* pass_names[] = {"forward", "backward_input", "backward_weight"};

/// Adds the seconds of each pass to `total`.
template <int Stride>
void measure(const char* network, const Layer& l, const Context<Cpu>& context, int repetitions,
             double (&total)[3]) {
  constexpr int batch = 100, kernel = 3;
  const int out = (l.size - 1) / Stride + 1;
  const Conv2dProblem p{batch, l.size, l.size, l.in, out, out, l.out, kernel, Stride, 1};
  const std::ptrdiff_t weights = std::ptrdiff_t{kernel} * kernel * l.in * l.out;
  Buffer<float> x = random_buffer(std::ptrdiff_t{batch} * l.size * l.size * l.in), dx(x.size());
  Buffer<float> y = random_buffer(std::ptrdiff_t{batch} * out * out * l.out);
  Buffer<float> w = random_buffer(weights), dw(w.size()), b = random_buffer(l.out), db(b.size());
  Buffer<std::byte> workspace(std::max({kernels::conv2d_forward_workspace<float>(p),
                                        kernels::conv2d_backward_input_workspace<float>(p),
                                        kernels::conv2d_backward_weight_workspace<float>(p)}));
  const View<float> xv = make_view(x.data(), batch, Shape{l.size, l.size, l.in});
  const View<float> dxv = make_view(dx.data(), batch, Shape{l.size, l.size, l.in});
  const View<float> yv = make_view(y.data(), batch, Shape{out, out, l.out});
  using In = View<const float>;
  const float* const none = nullptr;
  const double seconds[] = {
      best_seconds(repetitions,
                   [&] {
                     kernels::conv2d_forward<kernel, Stride, float>(
                         context, p, In(xv), {}, w.data(), b.data(), none, yv, workspace.data());
                   }),
      best_seconds(repetitions,
                   [&] {
                     kernels::conv2d_backward_input<kernel, Stride, float>(
                         context, p, In(yv), {}, w.data(), none, dxv, workspace.data());
                   }),
      best_seconds(repetitions, [&] {
        kernels::conv2d_backward_weight<kernel, Stride, float>(
            context, p, In(xv), {}, In(yv), none, dw.data(), db.data(), workspace.data());
      })};
  const double flops = 2.0 * batch * out * out * static_cast<double>(weights);
  for (int i = 0; i < 3; ++i) {
    total[i] += seconds[i];
    std::printf("{\"network\": \"%s\", \"shape\": \"%dx%dx%d->%d s%d\", \"pass\": \"%s\", "
                "\"gflops\": %.1f, \"milliseconds\": %.3f, \"threads\": %d, "
                "\"workspace_mib\": %.1f}\n",
                network, l.size, l.size, l.in, l.out, Stride, pass_names[i],
                flops / seconds[i] / 1e9, seconds[i] * 1e3, context.threads,
                static_cast<double>(workspace.size()) / 1048576.0);
  }
}

template <std::size_t Count>
void measure_all(const char* network, const Layer (&layers)[Count], const Context<Cpu>& context,
                 int repetitions) {
  double total[3]{};
  for (const Layer& l : layers) {
    if (l.stride == 1) measure<1>(network, l, context, repetitions, total);
    else measure<2>(network, l, context, repetitions, total);
  }
  for (int i = 0; i < 3; ++i)
    std::printf("{\"network\": \"%s\", \"shape\": \"all\", \"pass\": \"%s\", "
                "\"milliseconds\": %.3f, \"threads\": %d}\n",
                network, pass_names[i], total[i] * 1e3, context.threads);
}
}  // namespace

int main(int argc, char** argv) {
  const Context<Cpu> context{argc > 1 ? std::max(std::atoi(argv[1]), 1) : 1};
  const int repetitions = argc > 2 ? std::max(std::atoi(argv[2]), 1) : 5;
  measure_all("u_net", u_net, context, repetitions);
  measure_all("partial_net", partial_net, context, repetitions);
}
