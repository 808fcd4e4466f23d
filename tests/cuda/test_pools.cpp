// SPDX-License-Identifier: BSD-3-Clause
// Pooling: the GPU's kernels, emulated, are the CPU's bit for bit: both sum in the same order.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/avg_pool.hpp>
#include <tessera/kernels/max_pool.hpp>
#include <tessera/kernels/cuda/avg_pool.hpp>
#include <tessera/kernels/cuda/max_pool.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

struct Case {
  int batch, height, width, channels, kernel, stride, extra;
};
// Windows that overlap, fit exactly, leave gaps, and leave a border over; rows longer than a block.
constexpr Case cases[]{{1, 2, 2, 1, 2, 2, 0}, {2, 7, 5, 3, 2, 2, 0},  {2, 7, 9, 5, 3, 2, 3},
                       {3, 5, 6, 1, 3, 1, 2}, {1, 11, 8, 4, 2, 3, 0}, {2, 6, 6, 70, 3, 3, 1},
                       {2, 4, 3, 5, 1, 1, 0}, {1, 5, 41, 9, 2, 2, 1}};

template <class T>
struct Pool {
  TwinView<T> x, y, dy, dx;

  Pool(const Context<Cuda>& gpu, const Case& k)
      : x(gpu, k.batch, k.height, k.width, k.channels, k.extra, 1),
        y(gpu, k.batch, out(k.height, k), out(k.width, k), k.channels, 2, 2),
        dy(gpu, k.batch, out(k.height, k), out(k.width, k), k.channels, k.extra, 3),
        dx(gpu, k.batch, k.height, k.width, k.channels, 1, 4) {}
  static int out(int size, const Case& k) { return (size - k.kernel) / k.stride + 1; }
};

template <class T>
bool same(const TwinView<T>& v) {
  return distance(v.numbers.read(), v.numbers.host) == 0;
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: average pooling is the CPU's", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  for (const Case& k : cases) {
    CAPTURE(k.kernel);
    CAPTURE(k.stride);
    Pool<T> pool(gpu, k);
    kernels::avg_pool_forward(cpu, k.kernel, k.stride, pool.x.cpu(), pool.y.cpu());
    kernels::avg_pool_forward(gpu, k.kernel, k.stride, pool.x.gpu(), pool.y.gpu());
    CHECK(same(pool.y));
    kernels::avg_pool_backward(cpu, k.kernel, k.stride, pool.dy.cpu(), pool.dx.cpu());
    kernels::avg_pool_backward(gpu, k.kernel, k.stride, pool.dy.gpu(), pool.dx.gpu());
    CHECK(same(pool.dx));
    kernels::avg_pool_backward(gpu, k.kernel, k.stride, pool.dy.gpu(), View<T>{});
  }
}

TEST_CASE_TEMPLATE("cuda: max pooling is the CPU's, with ties and NaN", T, float, double) {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  constexpr T infinity = std::numeric_limits<T>::infinity();
  for (const int values : {0, 1, 2})  // random; few values, so ties; with NaN and infinities
    for (const Case& k : cases) {
      CAPTURE(values);
      CAPTURE(k.kernel);
      CAPTURE(k.stride);
      Pool<T> pool(gpu, k);
      if (values > 0)
        for (T& v : pool.x.numbers.host) v = std::floor(2 * v);
      if (values == 2)
        for (T& v : pool.x.numbers.host) v = v < -1 ? NAN : v < 0 ? -infinity : v;
      pool.x.numbers.upload();
      kernels::max_pool_forward(cpu, k.kernel, k.stride, pool.x.cpu(), pool.y.cpu());
      kernels::max_pool_forward(gpu, k.kernel, k.stride, pool.x.gpu(), pool.y.gpu());
      CHECK(same(pool.y));
      kernels::max_pool_backward(cpu, k.kernel, k.stride, pool.x.cpu(), pool.dy.cpu(),
                                 pool.dx.cpu());
      kernels::max_pool_backward(gpu, k.kernel, k.stride, pool.x.gpu(), pool.dy.gpu(),
                                 pool.dx.gpu());
      CHECK(same(pool.dx));
      kernels::max_pool_backward(gpu, k.kernel, k.stride, pool.x.gpu(), pool.dy.gpu(), View<T>{});
    }
}

TEST_CASE("cuda: pools read and write a slice of the channels") {
  const Context<Cuda> gpu;
  const Context<Cpu> cpu{1};
  TwinView<float> x(gpu, 2, 5, 7, 6, 0, 1), y(gpu, 2, 2, 3, 5, 0, 2);
  kernels::max_pool_forward(cpu, 3, 2, x.cpu().slice(1, 3), y.cpu().slice(2, 3));
  kernels::max_pool_forward(gpu, 3, 2, x.gpu().slice(1, 3), y.gpu().slice(2, 3));
  CHECK(same(y));
  kernels::avg_pool_backward(cpu, 3, 2, y.cpu().slice(1, 3), x.cpu().slice(3, 3));
  kernels::avg_pool_backward(gpu, 3, 2, y.gpu().slice(1, 3), x.gpu().slice(3, 3));
  CHECK(same(x));
}
