// SPDX-License-Identifier: BSD-3-Clause
// The same program on an NVIDIA GPU: a network, its training, a pointwise function and a layer of
// your own with CUDA kernels, checked first. No nvcc: kernels are text, compiled for the GPU that
// is there. Where there is none the program says why and trains on the CPU.
#include <tessera/cuda.hpp>
#include <tessera/tessera.hpp>
#include <tessera/testing/device_check.hpp>

namespace ts = tessera;

// clang-format off
// One text for both devices.
TESSERA_POINTWISE(Swish,
  template <class T> T forward(T x) const { return x * sigmoid(x); }
  template <class T> T derivative(T x, T y) const { T s = sigmoid(x); return s + y * (T(1) - s); })

// Kernels of a layer. What a text may use stands at the head of tessera/cuda/emulation/emulation.hpp.
namespace tessera::cuda {
TESSERA_CUDA_TEXT(channel_scale_text, (&elements_text),
  template <class T>
  __global__ void channel_scale(Span<const T> x, const T* scale, Span<T> y) {
    for (long e = first_element(); e < y.size(); e += element_step()) {
      const long p = e / y.channels;
      const int c = static_cast<int>(e % y.channels);
      y.at(p, c) = x.at(p, c) * scale[c];
    }
  }
  // A thread for each channel: in a fixed order, so that a seed gives the same bits each time.
  template <class T>
  __global__ void channel_scale_gradient(Span<const T> x, Span<const T> dy, T* gradient) {
    const long c = first_element();
    if (c >= x.channels) return;
    T sum = 0;
    for (long p = 0; p < x.pixels(); ++p) {
      const int i = static_cast<int>(c);
      sum += x.at(p, i) * dy.at(p, i);
    }
    gradient[c] += sum;
  }
)
}  // namespace tessera::cuda
// clang-format on

/// y[n, h, w, c] = x[n, h, w, c] scale[c], on both devices: one overload each.
template <int C>
struct ChannelScale {
  static constexpr std::string_view name = "channel_scale";
  static constexpr bool needs_y = false, strided = true;

  static constexpr ts::ShapeOrComplaint output_shape(ts::Shape in) {
    if (in.channels != C) return ts::Complaint::channels;
    return in;
  }
  static constexpr auto parameters(ts::Shape) {
    return ts::parameters(ts::Parameter{"scale", {C}, ts::ones});
  }

  template <class T>
  static void forward(const ts::Run<ts::Cpu, T>& run) {
    run.y().xt() = run.x().xt() * run.parameter(0).xt();
  }
  template <class T>
  static void backward(const ts::Run<ts::Cpu, T>& run) {
    if (run.dx()) run.dx().xt() = run.dy().xt() * run.parameter(0).xt();
    if (run.gradient(0)) run.gradient(0).xt() += xt::sum(run.dy().xt() * run.x().xt(), {0, 1, 2});
  }

  template <class T>
  static void forward(const ts::Run<ts::Cuda, T>& run) {
    scale(run, run.x(), run.y());
  }
  template <class T>
  static void backward(const ts::Run<ts::Cuda, T>& run) {
    if (run.dx()) scale(run, run.dy(), run.dx());
    if (run.gradient(0))
      ts::cuda::launch_each(
          run.context(),
          TESSERA_CUDA_KERNEL(ts::cuda::channel_scale_text, channel_scale_gradient, (T), ()), C,
          ts::cuda::span_of(run.x()), ts::cuda::span_of(run.dy()), run.gradient(0).data);
  }

 private:
  template <class T>
  static void scale(const ts::Run<ts::Cuda, T>& run, ts::View<const T> x, ts::View<T> y) {
    ts::cuda::launch_each(run.context(),
                          TESSERA_CUDA_KERNEL(ts::cuda::channel_scale_text, channel_scale, (T), ()),
                          y.size(), ts::cuda::span_of(x),
                          static_cast<const T*>(run.parameter(0).data), ts::cuda::span_of(y));
  }
};

using Net = ts::Network<ts::MaskedInput<16, 16, 3>, ts::PartialConv2d<3, 16, ts::kernel(3).same()>,
                        Swish, ts::Named<"scale", ChannelScale<16>>,
                        ts::PartialConv2d<16, 3, ts::kernel(3).same()>, ts::Sigmoid>;

/// The layer alone: one step by its kernels beside one by its code for the CPU, in double.
bool check() {
  const auto report = ts::testing::device_check<ts::Network<ts::Input<5, 7, 3>, ChannelScale<3>>>();
  std::printf("channel_scale on both devices %s\n", report.text().c_str());
  return report.passed();
}

/// Trains on images of one colour each; whether the error falls to half.
template <class Device>
bool train(const ts::Context<Device>& context) {
  std::printf("training on: %s\n", context.describe().c_str());
  const ts::FunctionImages images({16, 16, 3}, 64, [](std::size_t i, int, int, int c) {
    return (4 * static_cast<int>(i) + 60 * c) / 255.0;
  });
  ts::Model<Net, Device> model(ts::Seed{1}, context);
  ts::Trainer trainer(model, ts::MseLoss{}, ts::Adam{.learning_rate = 1e-2});
  std::vector<double> losses;
  ts::FitOptions options{.epochs = 8, .batch_size = 8};
  options.on_epoch = [&](const ts::EpochReport& r) { losses.push_back(r.loss()); };
  trainer.fit(ts::with_masks(images, ts::RectangleMask{4, 4, 8, 8}), options);
  std::printf("loss %.4f in the first epoch, %.4f in the last; scale[0] is %.4f\n", losses.front(),
              losses.back(), static_cast<double>(model.get("scale.scale")[0]));
  return losses.back() < 0.5 * losses.front();
}

int main() try {
  std::string why_not;
  if (ts::cuda::runtime::device_count(&why_not) > 0)
    return check() && train(ts::Context<ts::Cuda>::standard()) ? 0 : 1;
  std::printf("no GPU can be used: %s\n", why_not.c_str());
  return train(ts::Context<ts::Cpu>::standard()) ? 0 : 1;
} catch (const ts::Error& error) {
  std::fprintf(stderr, "08_gpu: %s\n", error.what());
  return 1;
}
