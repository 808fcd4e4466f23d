// SPDX-License-Identifier: BSD-3-Clause
// The norms, PReLU, Dropout and Normalize as layers of a model on the (emulated) GPU: outputs,
// gradients and statistics are the CPU's, in training, with frozen statistics and in evaluation.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm1d.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/dropout.hpp>
#include <tessera/layers/group_norm.hpp>
#include <tessera/layers/instance_norm2d.hpp>
#include <tessera/layers/layer_norm.hpp>
#include <tessera/layers/normalize.hpp>
#include <tessera/layers/prelu.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/network/model.hpp>
#include <tessera/tensor/transfer.hpp>

#include <tessera/kernels/cuda/batch_norm.hpp>
#include <tessera/kernels/cuda/dropout.hpp>
#include <tessera/kernels/cuda/group_norm.hpp>
#include <tessera/kernels/cuda/layer_norm.hpp>
#include <tessera/kernels/cuda/normalize.hpp>
#include <tessera/kernels/cuda/prelu.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

/// The branches of SkipConcat are slices of its output: views with a pixel stride.
using Net = Network<Input<5, 7, 3>, Normalize<imagenet>, BatchNorm2d<3>, PReLU,
                    SkipConcat<Dropout<probability(0.3)>, BatchNorm2d<3>>, GroupNorm<2, 6>, Tanh,
                    InstanceNorm2d<6>, SkipConcat<PReLU, LayerNorm<6>>, Dropout<>, BatchNorm1d<12>,
                    GroupNorm<1, 12>>;

template <class T>
std::vector<T> numbers(const Tensor<T>& t) {
  return {t.data(), t.data() + t.size()};
}

/// One training step, or a forward alone in evaluation; what the pass then holds.
template <class Device, class T>
std::vector<std::vector<T>> step(Pass<Device, T>& pass, bool backward, std::uint64_t seed) {
  Tensor<T> x(3, {5, 7, 3}), g(3, {5, 7, 12});
  std::ranges::copy(random_numbers<T>(x.size(), seed), x.data());
  std::ranges::copy(random_numbers<T>(g.size(), seed + 1), g.data());
  to_device(pass.context(), x, pass.input());
  pass.forward();
  std::vector<std::vector<T>> held{numbers(to_host(pass.context(), pass.output()))};
  if (!backward) return held;
  pass.zero_gradients();
  to_device(pass.context(), g, pass.output_gradient());
  pass.backward();
  held.push_back(numbers(to_host(pass.context(), pass.input_gradient())));
  return held;
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: norms, PReLU, Dropout and Normalize as layers", T, float, double) {
  Model<Net, Cpu, T> a(Seed{3});
  Model<Net, Cuda, T> b(Seed{3});
  const double near = 4096 * unit<T>;  // ten layers, five of them divide by a deviation
  const auto compare = [&](const PassOptions& options, std::uint64_t seed) {
    Pass<Cpu, T> pa = a.pass(options);
    Pass<Cuda, T> pb = b.pass(options);
    for (int k = 0; k < 2; ++k) {  // dropout's numbers and the running statistics go on
      const auto ra = step(pa, options.gradients, seed), rb = step(pb, options.gradients, seed);
      for (std::size_t i = 0; i < ra.size(); ++i) CHECK(distance(rb[i], ra[i]) <= near);
    }
    for (const NamedTensor& t : a.tensors()) {
      CAPTURE(t.name);
      if (t.role == Role::counter) CHECK(b.counter(t.name) == a.counter(t.name));
      else CHECK(distance(b.get(t.name), a.get(t.name)) <= near);
      if (t.role == Role::trained) CHECK(distance(b.gradient(t.name), a.gradient(t.name)) <= near);
    }
  };
  const PassOptions training{.batch = 3, .input_gradients = true};
  compare(training, 1);
  const std::vector<NamedTensor> tensors = a.tensors();
  const std::string counter = std::ranges::find(tensors, Role::counter, &NamedTensor::role)->name;
  CHECK(b.counter(counter) == 2);
  compare({.batch = 3, .input_gradients = true, .poison_dead_buffers = true}, 2);
  a.freeze_statistics("");
  b.freeze_statistics("");
  compare(training, 3);
  CHECK(b.counter(counter) == 4);
  compare({.batch = 3, .mode = Mode::evaluate, .gradients = false}, 4);
}

TEST_CASE("cuda: norms refuse a single value on a GPU too") {
  Model<Network<Input<1, 1, 3>, BatchNorm2d<3>>, Cuda> batch;
  CHECK_THROWS_AS(batch.pass({.batch = 1}).forward(), ArgumentError);
  Model<Network<Input<1, 1, 3>, InstanceNorm2d<3>>, Cuda> instance;
  CHECK_THROWS_AS(instance.pass({.batch = 2}).forward(), ArgumentError);
}
