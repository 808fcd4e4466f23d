// SPDX-License-Identifier: BSD-3-Clause
// All work of a step in a thread with a small stack, as GUI and audio programs make them: 128 KiB
// is what musl gives.
#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <cstddef>
#include <functional>
#include <string>

#include <tessera/inference/session.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/avg_pool2d.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/channelwise_fc.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/layers/dropout.hpp>
#include <tessera/layers/flatten.hpp>
#include <tessera/layers/group_norm.hpp>
#include <tessera/layers/instance_norm2d.hpp>
#include <tessera/layers/layer_norm.hpp>
#include <tessera/layers/linear.hpp>
#include <tessera/layers/lstm.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/prelu.hpp>
#include <tessera/layers/resize_bilinear.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/optimizers/optimizer.hpp>

using namespace tessera;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t stack_bytes = std::size_t{1} << 20;  // red zones around every variable
#else
constexpr std::size_t stack_bytes = std::size_t{128} << 10;
#endif

/// Runs `work` in a thread with that stack and a guard below it that no frame can step over.
void run_on_small_stack(std::function<void()> work) {
  constexpr std::size_t guard = std::size_t{4} << 20;
  void* const memory = ::mmap(nullptr, guard + stack_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  REQUIRE(::mprotect(memory, guard, PROT_NONE) == 0);
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstack(&attributes, static_cast<std::byte*>(memory) + guard,
                                stack_bytes) == 0);
  pthread_t thread;
  const auto start = [](void* call) -> void* {
    (*static_cast<std::function<void()>*>(call))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, start, &work) == 0);
  REQUIRE(pthread_join(thread, nullptr) == 0);
  pthread_attr_destroy(&attributes);
  ::munmap(memory, guard + stack_bytes);
}

constexpr Window same = kernel(3).padding(1);
// Tiles of all convolutions: few channels, many (Winograd), wide kernels, transposed ones.
using Images =
    Network<MaskedInput<32, 32, 3>, PartialConv2d<3, 48, kernel(5).padding(2)>, BatchNorm2d<48>,
            LeakyReLU<>, PartialConv2d<48, 64, same>, ReLU, Conv2d<64, 64, same>, GroupNorm<8, 64>,
            PReLU, MaxPool2d<2>, Conv2d<64, 256, kernel(16)>, Dropout<probability(0.5)>,
            ConvTranspose2d<256, 96, kernel(4)>, InstanceNorm2d<96>, ELU<>,
            ConvTranspose2d<96, 32, kernel(4).stride(2).padding(1)>, LayerNorm<32>, AvgPool2d<2>,
            Upsample2d<2>, ResizeBilinear<16>,
            ConvTranspose2d<32, 3, kernel(4).stride(2).padding(1)>, Conv2d<3, 3, same>, Sigmoid>;
using Products =
    Network<Input<24, 40, 3>, ChannelwiseFC<24, 40, 3>, Tanh, Flatten, Linear<2880, 900>, ReLU,
            Linear<900, 960>, Unflatten<24, 40, 1>, LSTM<1, 19, 2, bidirectional()>>;

template <class Net, class T>
void step(int batch) {
  Model<Net, Cpu, T> model(Seed{1}, Context<Cpu>{1});
  auto pass = model.pass({.batch = batch, .input_gradients = true});
  Optimizer optimizer(model, Adam{});
  Tensor<T> truth(batch, pass.output().shape());
  std::vector<std::uint8_t> hole(static_cast<std::size_t>(truth.view().pixels()), 1);
  const auto loss = MseLoss{} + 0.5 * L1Loss{};
  double total = 0;
  for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
    pass.input().data[i] = static_cast<T>(i % 13) / 13;
  if constexpr (requires { pass.input_valid(); })
    for (std::ptrdiff_t i = 0; i < pass.input().pixels(); ++i)
      if (pass.input_valid().data) pass.input_valid().data[i] = i % 3 != 0;
  run_on_small_stack([&] {
    pass.forward();
    pass.zero_gradients();
    model.zero_gradients();
    LossTerms terms;
    loss(pass, Truth<T>{truth.view(), make_hole_view(hole.data(), truth.batch(), truth.shape())},
         terms);
    total = terms.total();
    pass.backward();
    optimizer.step(1, optimizer.clip_scale(0.1));
    auto session = model.session();
    auto other = session.pass({.batch = 1});
    other.forward();
  });
  CHECK(total > 0);
}

}  // namespace

TEST_CASE_TEMPLATE("a step of convolutions, norms and resizing", T, float, double) {
  step<Images, T>(5);
}

TEST_CASE_TEMPLATE("a step of layers that are matrix products", T, float, double) {
  step<Products, T>(7);
}

TEST_CASE_TEMPLATE("both matrix products", T, float, double) {
  constexpr std::ptrdiff_t m = 300, n = 500, k = 400;
  const std::vector<T> a(m * k, T(1)), b(k * n, T(2));
  for (const bool blas : {false, true}) {
    std::vector<T> c(m * n);
    run_on_small_stack([&] {
      kernels::gemm_with(blas, Context<Cpu>{1}, kernels::Transpose::no, kernels::Transpose::yes, m,
                         n, k, T(1), a.data(), k, b.data(), k, T(0), c.data(), n);
    });
    CHECK(c.front() == T(2 * k));
    CHECK(c.back() == T(2 * k));
  }
}
