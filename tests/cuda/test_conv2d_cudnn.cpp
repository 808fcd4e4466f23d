// SPDX-License-Identifier: BSD-3-Clause
// Convolutions by cuDNN on the (emulated) GPU against the scalar twin, and networks against the
// CPU; in emulation also which of cuDNN and Tessera is chosen, when, and for how long.
#include <doctest/doctest.h>

#include <bit>
#include <string>
#include <vector>

#include <tessera/tessera.hpp>

#include "../environment_variable.hpp"
#include "../temporary_folder.hpp"
#include "conv_transpose2d_fixture.hpp"
#include "same_model.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

/// A cache of its own, and on an emulated GPU cuDNN, for one test case.
class WithCudnn {
 public:
#ifdef TESSERA_CUDA_EMULATE
  WithCudnn() {
    cuda::emulated_cudnn = {.present = true};
    cuda::runtime::measurements = {};
  }
  WithCudnn(const WithCudnn&) = delete;
  WithCudnn& operator=(const WithCudnn&) = delete;
  ~WithCudnn() {
    cuda::emulated_cudnn = {};
    cuda::runtime::measurements = {};
  }
#endif
  /// False, with the reason printed, where a real GPU has no cuDNN.
  static bool available() {
    const cuda::CudnnLibrary& library = cuda::CudnnLibrary::instance();
    if (!library.available()) MESSAGE("skipped: ", std::string(library.why_not()));
    return library.available();
  }

 private:
  TemporaryFolder folder_;
  EnvironmentVariable cache_{"TESSERA_CACHE_DIR", folder_.path().c_str()};
};

float to_tf32(float v) {
  return std::bit_cast<float>((std::bit_cast<unsigned>(v) + 0x1000u) & 0xFFFFE000u);
}

using Masked = Network<MaskedInput<8, 6, 3>,
                       SkipConcat<PartialConv2d<3, 5, kernel(5).stride(2).same()>, LeakyReLU<>,
                                  PartialConv2d<5, 4, kernel(3).same()>, Upsample2d<2>>,
                       Named<"out", PartialConv2d<7, 3, kernel(3).same()>>>;
using Turned =
    Network<Input<5, 7, 3>, Conv2d<3, 8, kernel(3).stride(2).same()>, LeakyReLU<>,
            SkipConcat<Conv2d<8, 6, kernel(1)>, Tanh>,
            ConvTranspose2d<14, 4, kernel(4).stride(2).padding(1)>, Conv2d<4, 3, kernel(3).same()>>;

}  // namespace

TEST_CASE("cuda: conv2d by cuDNN of all kernels, masks, scales and slices") {
  const WithCudnn with;
  if (!with.available()) return;
  const Context<Cuda> gpu(0, Precision::float32, Convolutions::cudnn);
  for (const int batch : {1, 3})
    for (const int extra : {0, 3, 4})
      for (const int groups : {0, 1, 2})
        for (const bool scaled : {false, true})
          for (const int in : {3, 8, 36}) {
            const ConvCase c{batch, 7, 5, in, 44 - in, 1, groups, scaled, extra};
            check_passes<3, 1, float>(gpu, c);
            check_passes<4, 2, float>(gpu, c);
            if (in == 36) continue;
            check_passes<1, 1, float>(gpu, {batch, 7, 5, in, 5, 0, groups, scaled, extra});
            check_passes<3, 2, float>(gpu, c);
            check_passes<5, 2, float>(gpu, {batch, 9, 7, in, 4, 2, groups, scaled, extra});
            check_passes<7, 1, float>(gpu, {batch, 7, 8, in, 3, 3, groups, scaled, extra});
          }
}

TEST_CASE("cuda: conv2d by cuDNN in tf32") {
  const WithCudnn with;
  if (!with.available()) return;
  const Context<Cuda> gpu(0, Precision::tf32, Convolutions::cudnn);
  check_passes<3, 1, float>(gpu, {2, 7, 6, 12, 20, 1, 2, false, 4}, to_tf32);
  check_passes<4, 2, float>(gpu, {1, 9, 8, 3, 8, 1, 1}, to_tf32);
  check_passes<1, 1, float>(gpu, {3, 5, 7, 33, 4, 0}, to_tf32);
}

TEST_CASE("cuda: conv_transpose2d by cuDNN") {
  const WithCudnn with;
  if (!with.available()) return;
  const Context<Cuda> gpu(0, Precision::float32, Convolutions::cudnn);
  for (const int batch : {1, 3})
    for (const int more : {0, 1})
      for (const int extra : {0, 3, 4}) {
        check_transposed<4, 2, float>(gpu, {batch, 3, 5, 8, 4, 1, more, extra});
        check_transposed<3, 2, float>(gpu, {batch, 4, 3, 5, 6, 1, more, extra});
        check_transposed<5, 1, float>(gpu, {batch, 3, 4, 3, 36, 2, 0, extra});
        check_transposed<1, 1, float>(gpu, {batch, 3, 4, 17, 3, 0, 0, extra});
      }
}

TEST_CASE("cuda: conv2d by cuDNN of tensors that begin with any element") {
  const WithCudnn with;
  if (!with.available()) return;
  const Context<Cuda> gpu(0, Precision::float32, Convolutions::cudnn);
  const ConvCase c{1, 5, 4, 4, 4, 1};
  ConvInputs<float> in(gpu, c, 3, 1);
  for (const std::size_t x : {0, 1, 3})
    for (std::size_t y : {0, 2}) {
      Twin<float> from(gpu, std::vector<float>(in.x.numbers.host.size() + x, NAN));
      Twin<float> to(gpu, std::vector<float>(in.y.numbers.host.size() + y));
      std::ranges::copy(in.x.numbers.host, from.host.begin() + static_cast<std::ptrdiff_t>(x));
      from.upload();
      View<float> vx = in.x.gpu(), vy = in.y.gpu();
      vx.data = from.device.data() + x;
      vy.data = to.device.data() + y;
      kernels::conv2d_forward<3, 1, float>(gpu, in.p, vx, {}, in.gpu_weight(), in.gpu_bias(),
                                           nullptr, vy, nullptr);
      const std::vector<float> got = to.read();
      const std::vector<double> expected = in.expected_y(true);
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(std::fabs(static_cast<double>(got[i + y]) - expected[i]) <= 16 * unit<float>);
    }
}

TEST_CASE("cuda: without cuDNN its convolutions are refused, and Tessera's taken") {
  const auto expect_refused = [](Precision precision, const char* why) {
    CHECK_THROWS_WITH_AS(Context<Cuda>(0, precision, Convolutions::cudnn), why, DeviceError);
  };
  expect_refused(
      Precision::bf16,
      "convolutions by cuDNN were asked for: cuDNN is called in float32 and tf32, not in bf16");
  {
    const WithCudnn with;
    if (!with.available()) return;
    Context<Cuda> gpu(0, Precision::float32, Convolutions::cudnn);
    CHECK(gpu.describe().ends_with(", products in float32, convolutions by cuDNN 9.19") ==
          (cuda::CudnnLibrary::instance().version() / 100 == 919));
    CHECK_THROWS_WITH_AS((check_passes<3, 1, double>(gpu, {1, 4, 4, 2, 2, 1})),
                         "convolutions by cuDNN were asked for: Tessera calls it for float alone",
                         DeviceError);
    gpu.precision = Precision::bf16;  // what the constructor would have refused
    CHECK_THROWS_AS((check_passes<3, 1, float>(gpu, {1, 4, 4, 2, 2, 1})), DeviceError);
    gpu.convolutions = Convolutions::fastest;
    CHECK(gpu.describe().ends_with(
        "Tessera's own kernels (cuDNN is called in float32 and tf32, not in bf16)"));
    CHECK(Context<Cuda>().describe().ends_with(" or Tessera, whichever measured faster"));
  }
#ifdef TESSERA_CUDA_EMULATE
  expect_refused(Precision::float32,
                 "convolutions by cuDNN were asked for: the emulated GPU has no cuDNN");
  CHECK(Context<Cuda>().describe() ==
        "cuda, emulated GPU, products in float32, convolutions by Tessera's own kernels (the "
        "emulated GPU has no cuDNN)");
#endif
  CHECK(cuda::convolutions_of("cudnn") == Convolutions::cudnn);
  CHECK_THROWS_WITH_AS(cuda::convolutions_of("best"),
                       "convolutions: expected fastest, own or cudnn, got \"best\"", ArgumentError);
}

#ifdef TESSERA_CUDA_EMULATE

namespace {

using cuda::emulated_cudnn;
using cuda::runtime::measurements;

/// Measurements that are to come: Tessera's seconds and cuDNN's, `count` times.
void expect_measured(double own, double cudnn, int count = 1) {
  for (; count > 0; --count) measurements.next.insert(measurements.next.end(), {own, cudnn});
}

/// One pass of each kind, through the contract's functions.
struct Passes {
  Context<Cuda> gpu;
  ConvInputs<float> in;
  explicit Passes(Precision precision = Precision::float32, bool scaled = false)
      : gpu(0, precision), in(gpu, {2, 5, 4, 3, 4, 1, 1, scaled}, 3, 1) {}
  void forward() {
    kernels::conv2d_forward<3, 1, float>(gpu, in.p, in.x.gpu(), in.gpu_valid(), in.gpu_weight(),
                                         in.gpu_bias(), in.gpu_scale(), in.y.gpu(), nullptr);
  }
  void backward() {
    kernels::conv2d_backward_input<3, 1, float>(gpu, in.p, in.dy.gpu(), in.gpu_valid(),
                                                in.gpu_weight(), in.gpu_scale(), in.dx.gpu(),
                                                nullptr);
    kernels::conv2d_backward_weight<3, 1, float>(gpu, in.p, in.x.gpu(), in.gpu_valid(), in.dy.gpu(),
                                                 in.gpu_scale(), in.dweight.numbers.device.data(),
                                                 in.dbias.numbers.device.data(), nullptr);
  }
  /// Number of passes that cuDNN ran.
  int runs_of_cudnn() {
    const int before = emulated_cudnn.runs;
    forward();
    backward();
    return emulated_cudnn.runs - before;
  }
};

}  // namespace

TEST_CASE("cuda: the faster convolution is taken, measured once, and gradients added once") {
  const WithCudnn with;
  Passes passes;
  expect_measured(2, 1);  // forward: cuDNN
  expect_measured(1, 2);  // backward to the input: Tessera
  expect_measured(2, 1);  // weights: cuDNN
  passes.forward();
  passes.backward();
  CHECK(measurements.made == 6);
  CHECK(emulated_cudnn.plans == 3);
  const auto expect_right = [&](int times) {
    CHECK(difference(passes.in.y, passes.in.expected_y(true)) <= tolerance<float>);
    CHECK(difference(passes.in.dx, passes.in.expected_dx()) <= tolerance<float>);
    CHECK(difference(passes.in.dweight, passes.in.expected_dweight(times)) <= tolerance<float>);
    CHECK(difference(passes.in.dbias, passes.in.expected_dbias(times)) <= tolerance<float>);
  };
  expect_right(1);
  CHECK(passes.runs_of_cudnn() == 2);
  expect_right(2);
  CHECK(measurements.made == 6);
  Passes scaled(Precision::float32, true), rounded(Precision::tf32);  // other passes
  scaled.forward();
  CHECK(measurements.made == 8);
  rounded.forward();
  CHECK(measurements.made == 10);
  passes.gpu.convolutions = Convolutions::own;
  CHECK(passes.runs_of_cudnn() == 0);
  passes.gpu.convolutions = Convolutions::cudnn;
  CHECK(passes.runs_of_cudnn() == 3);
  CHECK(measurements.made == 10);
}

TEST_CASE("cuda: a second start measures nothing: the choice is in the cache on disk") {
  const WithCudnn with;
  {
    Passes passes;
    expect_measured(2, 1);
    expect_measured(1, 2);
    expect_measured(1, 1);  // Tessera, where neither is faster
    passes.runs_of_cudnn();
  }
  CHECK(measurements.made == 6);
  const int plans = emulated_cudnn.plans;
  Passes passes;
  CHECK(passes.runs_of_cudnn() == 1);
  CHECK(measurements.made == 6);
  CHECK(emulated_cudnn.plans == plans + 1);  // none for what Tessera computes
}

TEST_CASE("cuda: preparing and recording measure nothing") {
  const WithCudnn with;
  Passes passes;
  cuda::Engine& engine = passes.gpu.engine();
  {
    cuda::runtime::Graph graph(engine.stream(), [&] { passes.forward(); });
    graph.launch(engine.stream());
    CHECK(difference(passes.in.y, passes.in.expected_y(true)) <= tolerance<float>);
  }
  CHECK(emulated_cudnn.plans == 0);
  engine.prepare([&] {
    passes.forward();
    passes.backward();
  });
  CHECK(emulated_cudnn.plans == 3);
  {
    cuda::runtime::Graph graph(engine.stream(), [&] { passes.backward(); });
    graph.launch(engine.stream());
    CHECK(difference(passes.in.dweight, passes.in.expected_dweight()) <= tolerance<float>);
  }
  CHECK(measurements.made == 0);
  CHECK(emulated_cudnn.runs == 0);
  const std::size_t kernels = engine.kernels();  // of both
  expect_measured(2, 1, 3);
  passes.runs_of_cudnn();
  CHECK(measurements.made == 6);
  CHECK(engine.kernels() == kernels);
  cuda::runtime::Graph graph(engine.stream(), [&] { CHECK(passes.runs_of_cudnn() == 3); });
  graph.launch(engine.stream());
  CHECK(difference(passes.in.dweight, passes.in.expected_dweight(3)) <= tolerance<float>);
}

TEST_CASE("cuda: where cuDNN has no engine, Tessera computes, unless cuDNN is demanded") {
  const WithCudnn with;
  emulated_cudnn.has_engines = false;
  Passes passes;
  CHECK(passes.runs_of_cudnn() == 0);
  CHECK(measurements.made == 0);
  CHECK(difference(passes.in.y, passes.in.expected_y(true)) <= tolerance<float>);
  passes.gpu.convolutions = Convolutions::cudnn;
  CHECK_THROWS_WITH_AS(passes.forward(),
                       "cuDNN: no deterministic engine of the precision asked for in convolution "
                       "forward 3x3 stride 1, 2x5x4x3 -> 4",
                       DeviceError);
}

TEST_CASE("cuda: where cuDNN fails while it is measured, Tessera computes, and again next time") {
  const WithCudnn with;
  emulated_cudnn.runs_fail = true;
  {
    Passes passes;
    CHECK(passes.runs_of_cudnn() == 0);
    CHECK(difference(passes.in.y, passes.in.expected_y(true)) <= tolerance<float>);
    CHECK(difference(passes.in.dweight, passes.in.expected_dweight()) <= tolerance<float>);
    CHECK(passes.runs_of_cudnn() == 0);
    CHECK(measurements.made == 3);  // Tessera's, once for each pass
    passes.gpu.convolutions = Convolutions::cudnn;
    CHECK_THROWS_AS(passes.forward(), DeviceError);
  }
  emulated_cudnn.runs_fail = false;
  Passes passes;  // that it failed is not kept on disk
  expect_measured(2, 1, 3);
  CHECK(passes.runs_of_cudnn() > 0);
}

TEST_CASE("cuda: networks whose convolutions are cuDNN's give the CPU's step") {
  const WithCudnn with;
  expect_measured(2, 1, 100);
  expect_same_step<Masked, float>(3, 256);
  CHECK(measurements.made == 2 * 9);  // three passes of three layers
  CHECK(emulated_cudnn.runs > measurements.made);
  expect_same_step<Turned, float>(2, 256);
}

TEST_CASE("cuda: a training run that measured its convolutions is recorded and repeated") {
  const WithCudnn with;
  expect_measured(2, 1, 100);
  const auto train = [](auto& model) {
    Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 0.05});
    ImageSet images(Shape{8, 6, 3}, Buffer<std::uint8_t>(std::size_t{8} * 8 * 6 * 3));
    FitOptions options;
    options.epochs = 2;
    options.batch_size = 2;
    options.seed = Seed{5};
    trainer.fit(with_masks(images, LineMasks{.max_lines = 3}), options);
    return model.get("out.weight");
  };
  Model<Masked, Cpu> cpu(Seed{3});
  Model<Masked, Cuda> gpu(Seed{3});
  CHECK(distance(train(gpu), train(cpu)) <= 1e-4);
  CHECK(measurements.made == 2 * 8);  // the first layer's input needs no gradient
}

#endif
