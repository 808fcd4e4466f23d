// SPDX-License-Identifier: BSD-3-Clause
// LSTM: the GPU's kernels, emulated, beside the CPU's, in both forms of the recurrence.
#include <doctest/doctest.h>

#include <tessera/kernels/lstm.hpp>
#include <tessera/kernels/cuda/lstm.hpp>
#include <tessera/layers/linear.hpp>
#include <tessera/layers/lstm.hpp>
#include <tessera/network/containers.hpp>

#include "on_device.hpp"
#include "same_model.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

/// A layer's arrays on both devices.
template <class T>
struct LstmTwin {
  using Part = Twin<T>;
  kernels::LstmProblem p;
  Context<Cuda> gpu;
  Context<Cpu> cpu{1};
  std::vector<Part> weights, gradients;
  Part x, dx, gates, cells, y, dy;
  Twin<std::byte> workspace;

  explicit LstmTwin(const kernels::LstmProblem& problem)
      : p(problem),
        weights(tensors(1, 0.5)),
        gradients(tensors(11, 1)),
        x(part(p.rows() * p.inputs, 21)),
        dx(part(p.rows() * p.inputs, 22)),
        gates(part(p.rows() * 4 * p.outputs(), 23)),
        cells(part(p.rows() * p.outputs(), 24)),
        y(part(p.rows() * p.outputs(), 25)),
        dy(part(p.rows() * p.outputs(), 26)),
        workspace(gpu, std::vector<std::byte>(std::max(kernels::lstm_forward_workspace<T>(p),
                                                       kernels::lstm_backward_workspace<T>(p)),
                                              std::byte{0xFF})) {}

  void run(bool wanted) {
    const auto numbers = [](bool host, Part& part) {
      return host ? part.host.data() : part.device.data();
    };
    const auto step = [&](const auto& context, bool host) {
      kernels::LstmWeights<const T> w[2];
      kernels::LstmWeights<T> g[2];
      for (std::size_t d = 0; d < static_cast<std::size_t>(p.directions); ++d) {
        const auto of = [&](std::vector<Part>& list, std::size_t i) {
          return numbers(host, list[4 * d + i]);
        };
        w[d] = {of(weights, 0), of(weights, 1), of(weights, 2), of(weights, 3)};
        if (wanted) g[d] = {of(gradients, 0), of(gradients, 1), of(gradients, 2), of(gradients, 3)};
        else g[d].recurrent_bias = of(gradients, 3);
      }
      const kernels::LstmState<T> state{numbers(host, gates), numbers(host, cells),
                                        numbers(host, y)};
      std::byte* const scratch = host ? workspace.host.data() : workspace.device.data();
      const T* const in = numbers(host, x);
      const T* const out = numbers(host, dy);
      kernels::lstm_forward<T>(context, p, w, in, state, scratch);
      kernels::lstm_backward<T>(context, p, w, in, state, out, wanted ? numbers(host, dx) : nullptr,
                                g, scratch);
    };
    step(cpu, true);
    step(gpu, false);
  }
  void compare(double units) const {
    const auto near = [&](const Part& part) {
      CHECK(distance(part.read(), part.host) <= units * unit<T>);
    };
    near(gates), near(cells), near(y), near(dx);
    for (const Part& gradient : gradients) near(gradient);
  }

 private:
  Part part(std::ptrdiff_t size, std::uint64_t seed, double scale = 1) {
    std::vector<T> values = random_numbers<T>(static_cast<std::size_t>(size), seed);
    for (T& v : values) v *= static_cast<T>(scale);
    return Part(gpu, values);
  }
  std::vector<Part> tensors(std::uint64_t seed, double scale) {
    std::vector<Part> list;
    for (std::ptrdiff_t d = 0; d < p.directions; ++d) {
      list.push_back(part(4 * p.hidden * p.inputs, seed++, scale));
      list.push_back(part(4 * p.hidden * p.hidden, seed++, scale));
      list.push_back(part(4 * p.hidden, seed++, scale));
      list.push_back(part(4 * p.hidden, seed++, scale));
    }
    return list;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("cuda: an LSTM layer's values and gradients are the CPU's", T, float, double) {
  for (const std::ptrdiff_t directions : {1, 2})
    for (const auto& [sequences, steps, inputs, hidden] : {std::array{1, 1, 1, 1},
                                                           {3, 5, 4, 3},
                                                           {6, 4, 2, 17},
                                                           {9, 3, 5, 131},
                                                           {2, 2, 3, 193},
                                                           {520, 2, 1, 2}}) {
      const kernels::LstmProblem p{sequences, steps, inputs, hidden, directions};
      CHECK(cuda::lstm_runs_in_blocks(p) == (hidden < 193 && sequences < 500));
      for (const bool wanted : {true, false}) {
        LstmTwin<T> layer(p);
        layer.run(wanted);
        layer.compare(64);
      }
    }
}

TEST_CASE("cuda: a block of an LSTM fits every GPU") {
  for (int hidden = 1; hidden <= 192; ++hidden)
    for (const auto& block :
         {cuda::lstm_block<float>(hidden, 4 * hidden), cuda::lstm_block<float>(4 * hidden, hidden),
          cuda::lstm_block<double>(hidden, 4 * hidden),
          cuda::lstm_block<double>(4 * hidden, hidden)}) {
      CHECK(block.threads.x * block.threads.y <= 512);
      CHECK(block.threads.x % 32 == 0);
      CHECK(block.kept >= 0);
      CHECK(block.shared_bytes <= 96 * 1024);
    }
  static_assert(cuda::lstm_block<float>(128, 512).kept > 0);
}

TEST_CASE("cuda: sequences become time-major and back") {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  for (const int extra : {0, 2})
    for (const int channels : {1, 3, 300}) {
      TwinView<float> x(gpu, 2, 3, 5, channels, extra, 1), back(gpu, 2, 3, 5, channels, 1, 2);
      Twin<float> to(gpu, random_numbers<float>(static_cast<std::size_t>(30 * channels), 3));
      kernels::to_time_major(cpu, View<const float>(x.cpu()), to.host.data());
      kernels::to_time_major(gpu, View<const float>(x.gpu()), to.device.data());
      CHECK(to.read() == to.host);
      kernels::from_time_major<float>(cpu, to.host.data(), back.cpu());
      kernels::from_time_major<float>(gpu, to.device.data(), back.gpu());
      CHECK(back.numbers.read() == back.numbers.host);
    }
}

TEST_CASE_TEMPLATE("cuda: networks with an LSTM train as on the CPU", T, float, double) {
  using Both = Network<Input<3, 5, 4>, LSTM<4, 3, 2, bidirectional()>>;
  using Deep = Network<Input<1, 3, 2>, LSTM<2, 5, 3>>;
  using Inside = Network<Input<3, 4, 2>, Named<"in", Linear<2, 3>>,
                         SkipConcat<LSTM<3, 2, 1, bidirectional()>>, Named<"out", Linear<7, 2>>>;
  for (const int batch : {1, 3}) {
    expect_same_step<Both, T>(batch, 64);
    expect_same_step<Deep, T>(batch, 64);
    expect_same_step<Inside, T>(batch, 64);
  }
  expect_same_step<Both, T>(2, 64, {Shape{1, 1, 4}});
}
