// SPDX-License-Identifier: BSD-3-Clause
// cuDNN without a GPU: opening it, operation graphs, and the choice of engines for a GPU that is
// only described. Where cuDNN is not installed, what needs it says so and is not checked.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <tessera/cuda/cudnn/cudnn.hpp>

using namespace tessera;
using namespace tessera::cuda;

namespace {

constexpr ConvolutionPass passes[] = {ConvolutionPass::forward, ConvolutionPass::backward_input,
                                      ConvolutionPass::backward_weight};
constexpr Precision precisions[] = {Precision::float32, Precision::tf32};

CudnnProblem make_problem(int batch, int height, int width, int in, int out, int kernel, int stride,
                          int padding) {
  const auto side = [&](int length) { return (length + 2 * padding - kernel) / stride + 1; };
  CudnnProblem problem;
  problem.sizes = {batch,       height, width,  in,     side(height),
                   side(width), out,    kernel, stride, padding};
  problem.x_stride = in;
  problem.y_stride = out;
  return problem;
}

/// The partial-convolution U-Net of 256 x 256; an encoder's output may be a slice of the tensor
/// that its decoder reads.
std::vector<CudnnProblem> unet() {
  constexpr int batch = 6, encoders[][4] = {{256, 3, 64, 7},   {128, 64, 128, 5}, {64, 128, 256, 5},
                                            {32, 256, 512, 3}, {16, 512, 512, 3}, {8, 512, 512, 3},
                                            {4, 512, 512, 3},  {2, 512, 512, 3}};
  std::vector<CudnnProblem> all;
  for (const auto& [size, in, out, kernel] : encoders) {
    all.push_back(make_problem(batch, size, size, in, out, kernel, 2, kernel / 2));
    all.push_back(all.back());
    all.back().y_stride += out;
    const int decoder_in = size == 256 ? 67 : std::min(2 * in, 512) + in;
    all.push_back(make_problem(batch, size, size, decoder_in, in, 3, 1, 1));
  }
  return all;
}

/// Usual layers, odd sizes, strides, the smallest there is, and slices of channels.
std::vector<CudnnProblem> problems() {
  std::vector<CudnnProblem> all{
      make_problem(128, 32, 32, 3, 32, 3, 1, 1), make_problem(128, 32, 32, 64, 64, 3, 1, 1),
      make_problem(2, 17, 13, 5, 7, 5, 2, 2),    make_problem(4, 64, 64, 4, 64, 7, 2, 3),
      make_problem(8, 64, 64, 64, 128, 4, 2, 1), make_problem(8, 16, 16, 512, 3, 1, 1, 0),
      make_problem(1, 1, 1, 1, 1, 1, 1, 0)};
  for (const auto& [x, y] : {std::pair{96, 0}, std::pair{0, 96}, std::pair{97, 65}}) {
    all.push_back(make_problem(16, 32, 32, 64, 64, 3, 1, 1));
    if (x) all.back().x_stride = x;
    if (y) all.back().y_stride = y;
  }
  return all;
}

/// Calls use(problem) for every problem, pass and precision, assigning and adding.
template <class Use>
void for_each_problem(const Use& use, const std::vector<CudnnProblem>& all = problems()) {
  for (CudnnProblem problem : all)
    for (const ConvolutionPass pass : passes)
      for (const Precision precision : precisions)
        for (const bool add : {false, true}) {
          problem.pass = pass;
          problem.precision = precision;
          problem.add = add;
          CAPTURE(to_text(problem));
          CAPTURE(problem.x_stride);
          CAPTURE(problem.y_stride);
          CAPTURE(precision == Precision::tf32);
          CAPTURE(add);
          use(problem);
        }
}

/// What `action` throws as an Error, or "".
template <class Error, class Action>
std::string complaint(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// False, with the reason printed, where there is no cuDNN.
bool have_cudnn() {
  const CudnnLibrary& library = CudnnLibrary::instance();
  CHECK(library.available() == library.why_not().empty());
  CHECK(library.available() == (library.version() >= 90800));
  if (!library.available()) MESSAGE("skipped: ", std::string(library.why_not()));
  return library.available();
}

/// An H200 by its published figures, in the words of cuDNN's device descriptions.
constexpr std::string_view h200 = R"({
  "deviceName": "NVIDIA H200", "deviceVer": 900, "driverVer": 13000, "cudaDeviceId": 0,
  "pciDeviceId": 0, "isTccDriver": 0, "supportCoopLaunch": 1, "warpSize": 32,
  "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64],
  "multiProcessorCount": 132, "maxCtasPerSM": 32, "maxThreadsPerBlock": 1024,
  "maxThreadsPerSM": 2048, "regsPerBlock": 65536, "maxRegistersPerSM": 65536,
  "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 232448,
  "reservedSharedMemoryPerBlock": 1024, "l2CacheSize": 62914560,
  "totalGlobalMem": 150000000000, "smClockRateKHz": 1980000, "memClockRateKHz": 3201000})";

}  // namespace

TEST_CASE("a problem is a key: problems that differ in one thing are different") {
  const CudnnProblem base = make_problem(2, 8, 9, 3, 4, 3, 1, 1);
  std::vector<CudnnProblem> all(16, base);
  kernels::Conv2dProblem* s = nullptr;
  int i = 1;
  for (int kernels::Conv2dProblem::*size :
       {&kernels::Conv2dProblem::batch, &kernels::Conv2dProblem::in_height,
        &kernels::Conv2dProblem::in_width, &kernels::Conv2dProblem::in_channels,
        &kernels::Conv2dProblem::out_height, &kernels::Conv2dProblem::out_width,
        &kernels::Conv2dProblem::out_channels, &kernels::Conv2dProblem::kernel,
        &kernels::Conv2dProblem::stride, &kernels::Conv2dProblem::padding}) {
    s = &all[static_cast<std::size_t>(i++)].sizes;
    s->*size += 1;
  }
  all[11].pass = ConvolutionPass::backward_weight;
  all[12].precision = Precision::tf32;
  all[13].x_stride += 1;
  all[14].y_stride += 1;
  all[15].add = true;
  CHECK(std::set<CudnnProblem>(all.begin(), all.end()).size() == all.size());
  CHECK(base == all[0]);
  CHECK(base != all[15]);
}

TEST_CASE("what is no convolution is refused in one sentence, with or without cuDNN") {
  const auto refused = [](CudnnProblem problem, auto&& change) {
    change(problem);
    return complaint<ArgumentError>([&] { check(problem); });
  };
  const CudnnProblem good = make_problem(128, 32, 32, 3, 32, 3, 1, 1);
  CHECK(refused(good, [](CudnnProblem&) {}) == "");
  CHECK(refused(good, [](CudnnProblem& p) { p.sizes.padding = 0, p.sizes.in_height = 2; }) ==
        "cuDNN: convolution forward 3x3 stride 1, 128x2x32x3 -> 32: the kernel is larger than the "
        "padded height of 2");
  CHECK(refused(good,
                [](CudnnProblem& p) {
                  p.sizes.padding = 0, p.sizes.in_width = 1, p.sizes.out_height = 30;
                }) ==
        "cuDNN: convolution forward 3x3 stride 1, 128x32x1x3 -> 32: the kernel is larger than the "
        "padded width of 1");
  CHECK(refused(good, [](CudnnProblem& p) { p.sizes.out_width = 33; }) ==
        "cuDNN: convolution forward 3x3 stride 1, 128x32x32x3 -> 32: output width must be 32, got "
        "33");
  CHECK(refused(good,
                [](CudnnProblem& p) {
                  p.precision = Precision::bf16;
                  p.pass = ConvolutionPass::backward_input;
                }) ==
        "cuDNN: convolution backward_input 3x3 stride 1, 128x32x32x3 -> 32: products in bf16; "
        "expected float32 or tf32");
  CHECK(contains(refused(good, [](CudnnProblem& p) { p.x_stride = 2; }),
                 "the pixel stride of x, 2, is below its 3 channels"));
  CHECK(contains(refused(good, [](CudnnProblem& p) { p.y_stride = 0; }),
                 "the pixel stride of y, 0, is below its 32 channels"));
  CHECK(contains(refused(good, [](CudnnProblem& p) { p.sizes.batch = 0; }), "must be positive"));
  CHECK(contains(refused(good, [](CudnnProblem& p) { p.sizes.stride = 0; }), "must be positive"));
  CHECK(contains(refused(good, [](CudnnProblem& p) { p.sizes.padding = -1; }),
                 "the padding, -1, not negative"));
}

TEST_CASE("a library that is missing, or is not cuDNN, is not available and says why") {
  for (const auto& [path, reason] : {std::pair{"/nonexistent/libcudnn.so.9", "cannot be opened"},
                                     std::pair{"libc.so.6", "it has no cudnnGetVersion"}}) {
    const CudnnLibrary library = CudnnLibrary::open(path);
    CHECK_FALSE(library.available());
    CHECK(library.version() == 0);
    const std::string why(library.why_not());
    CAPTURE(why);
    if (contains(why, "compiled without")) continue;
    CHECK(contains(why, path));
    CHECK(contains(why, reason));
  }
}

#ifdef TESSERA_HAS_CUDNN_HEADERS
TEST_CASE("a cuDNN whose parts are missing is not called, as it would end the program") {
  if (!have_cudnn()) return;
  const CudnnLibrary& whole = CudnnLibrary::instance();
  Dl_info file{};
  REQUIRE(dladdr(reinterpret_cast<void*>(whole.functions().get_version), &file) != 0);
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / text({"tessera_cudnn_", getpid()});
  std::filesystem::create_directory(folder);
  std::filesystem::copy_file(file.dli_fname, folder / "libcudnn.so.9");
  const CudnnLibrary alone = CudnnLibrary::open((folder / "libcudnn.so.9").c_str());
  std::filesystem::remove_all(folder);
  CHECK(contains(std::string(alone.why_not()), "there is no libcudnn_graph.so.9 beside it"));
}
#endif

TEST_CASE("child: $TESSERA_CUDNN names a file that is not there" * doctest::skip()) {
  CHECK_FALSE(CudnnLibrary::instance().available());
  const std::string why(CudnnLibrary::instance().why_not());
  CHECK((contains(why, "/nonexistent/cudnn") || contains(why, "compiled without")));
  const CudnnProblem problem = problems()[0];
  CHECK(contains(complaint<DeviceError>([&] { CudnnConvolution{problem}; }), why));
  CHECK(contains(complaint<DeviceError>([] { CudnnHandle{nullptr}; }), why));
  CHECK(contains(complaint<DeviceError>([] { CudnnDevice{h200}; }), why));
}

TEST_CASE("$TESSERA_CUDNN is opened instead of the system's, and nothing where that fails") {
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  REQUIRE(length > 0);
  REQUIRE(length < static_cast<ssize_t>(sizeof self));
  const std::string command = "TESSERA_CUDNN=/nonexistent/cudnn '" +
                              std::string(self, static_cast<std::size_t>(length)) +
                              "' --no-skip --test-case='child*' > /dev/null";
  CHECK(std::system(command.c_str()) == 0);
}

TEST_CASE("a graph without a GPU finalises for every pass, size, stride, slice and precision") {
  if (!have_cudnn()) return;
  for_each_problem([](const CudnnProblem& problem) {
    const CudnnConvolution graph(problem);
    CHECK(graph.workspace_bytes() == 0);
    CHECK(graph.engine() == "");
  });
  CudnnProblem bad = problems()[0];
  bad.sizes.kernel = 35;
  CHECK(contains(complaint<ArgumentError>([&] { CudnnConvolution{bad}; }),
                 "larger than the padded height of 34"));
}

TEST_CASE("a described GPU gets a plan for every problem: deterministic, and float32 if so asked") {
  if (!have_cudnn()) return;
  const CudnnDevice device(h200);
  CHECK(contains(device.json(), "NVIDIA H200"));
  CHECK(CudnnDevice(device.json()).json() == device.json());
  int tensor_cores = 0;
  const auto expect_plan = [&](const CudnnProblem& problem) {
    const CudnnConvolution plan(problem, device);
    CAPTURE(plan.engine());
    CHECK(contains(plan.engine(), "engine "));
    for (const char* note :
         {"nondeterministic", "down_convert", "reduced_precision", "fft", "winograd"})
      CHECK_FALSE(contains(plan.engine(), note));
    const bool tensor_core = contains(plan.engine(), "tensor_core");
    if (problem.precision == Precision::float32) CHECK_FALSE(tensor_core);
    tensor_cores += tensor_core;
    const CudnnConvolution again(problem, device);
    CHECK(again.engine() == plan.engine());
    CHECK(again.workspace_bytes() == plan.workspace_bytes());
    CHECK(plan.workspace_bytes() <= std::size_t{1} << 30);
  };
  for_each_problem(expect_plan);
  for_each_problem(expect_plan, unet());
  // That float32 has none is worth something only if the engines offered first have them.
  CHECK(tensor_cores > 0);
}

TEST_CASE("a description of a GPU that lacks something is a DeviceError with cuDNN's words") {
  if (!have_cudnn()) return;
  const std::string why = complaint<DeviceError>([] { CudnnDevice{"{}"}; });
  CAPTURE(why);
  CHECK(contains(why, "cuDNN: cudnnBackendFinalize: CUDNN_STATUS_BAD_PARAM"));
}

TEST_CASE("a handle: plans for the GPU that is here, or a DeviceError that names the cause") {
  if (!have_cudnn()) return;
  const std::string why = complaint<DeviceError>([] {
    const CudnnHandle handle(nullptr);
    CHECK(contains(CudnnDevice(handle).json(), "deviceVer"));
    for_each_problem([&](const CudnnProblem& problem) {
      const CudnnConvolution plan(problem, handle);
      CHECK(contains(plan.engine(), "engine "));
      CHECK_FALSE(contains(plan.engine(), "nondeterministic"));
      std::vector<std::byte> workspace(16);
      CHECK(contains(complaint<ArgumentError>(
                         [&] { plan.run(handle, nullptr, nullptr, nullptr, workspace.data()); }),
                     "a tensor is missing"));
      CHECK(contains(complaint<ArgumentError>([&] {
                       CudnnConvolution(problem).run(handle, nullptr, nullptr, nullptr, nullptr);
                     }),
                     "made without a GPU, it cannot run"));
    });
  });
  if (why.empty()) return;
  CAPTURE(why);
  CHECK(contains(why, "cuDNN: cudnnCreate: CUDNN_STATUS_"));
  CHECK(contains(why, "needs an NVIDIA GPU and a driver"));
}
