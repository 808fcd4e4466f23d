// SPDX-License-Identifier: BSD-3-Clause
// Permutations: the GPU's kernels, emulated, are the CPU's bit for bit.
#include <doctest/doctest.h>

#include <tessera/kernels/permute.hpp>
#include <tessera/kernels/cuda/permute.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

template <class T>
bool same(const TwinView<T>& v) {
  return v.numbers.read() == v.numbers.host;
}
// Below and above the sizes from which tiles are transposed; whole tiles and parts of some.
constexpr Shape shapes[]{{1, 1, 1},  {3, 5, 2},   {2, 3, 40},   {40, 3, 2},
                         {5, 37, 3}, {3, 33, 35}, {35, 17, 20}, {16, 2, 64}};

}  // namespace

TEST_CASE_TEMPLATE("cuda: permutations are the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  constexpr kernels::AxisOrder orders[]{{{0, 1, 2}}, {{0, 2, 1}}, {{1, 0, 2}},
                                        {{1, 2, 0}}, {{2, 0, 1}}, {{2, 1, 0}}};
  for (const kernels::AxisOrder& order : orders)
    for (const Shape& s : shapes)
      for (const int extra : {0, 3}) {
        const Shape to = order(s);
        CAPTURE(order.axis[0]);
        CAPTURE(order.axis[1]);
        TwinView<T> x(gpu, 2, s.height, s.width, s.channels, extra, 1);
        TwinView<T> y(gpu, 2, to.height, to.width, to.channels, 2 * extra, 2);
        kernels::permute(cpu, order, x.cpu(), y.cpu());
        kernels::permute(gpu, order, x.gpu(), y.gpu());
        CHECK(same(y));
      }
}

TEST_CASE_TEMPLATE("cuda: flattened maps are the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  for (const Shape& s : shapes)
    for (const int batch : {1, 3})
      for (const int extra : {0, 2}) {
        CAPTURE(s.channels);
        TwinView<T> x(gpu, batch, s.height, s.width, s.channels, extra, 1);
        TwinView<T> y(gpu, batch, 1, 1, static_cast<int>(s.size()), 3 * extra, 2);
        kernels::flatten(cpu, x.cpu(), y.cpu());
        kernels::flatten(gpu, x.gpu(), y.gpu());
        CHECK(same(y));
        TwinView<T> back(gpu, batch, s.height, s.width, s.channels, extra + 1, 3);
        kernels::unflatten(cpu, y.cpu(), back.cpu());
        kernels::unflatten(gpu, y.gpu(), back.gpu());
        CHECK(same(back));
      }
}
