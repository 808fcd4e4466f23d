// SPDX-License-Identifier: BSD-3-Clause
// Group, instance and layer normalisation: the GPU's kernels, emulated, beside the CPU's.
#include <doctest/doctest.h>

#include <tessera/kernels/group_norm.hpp>
#include <tessera/kernels/layer_norm.hpp>
#include <tessera/kernels/cuda/group_norm.hpp>
#include <tessera/kernels/cuda/layer_norm.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

/// The CPU adds up float gradients in float: thousands of rounded terms.
template <class T>
inline constexpr double near = sizeof(T) == sizeof(float) ? 256 * unit<T> : 1e-12;

struct Case {
  View<float> shape;
  int groups, extra = 0;
  bool in_place = false, affine = true;
  double mean = 0;  // of x
};

template <class T>
Twin<T> channels_of(const Context<Cuda>& gpu, int count, std::uint64_t seed) {
  return Twin<T>(gpu, random_numbers<T>(static_cast<std::size_t>(count), seed));
}

/// Views and parameters of one normalisation; saved has `saved_size` numbers.
template <class T>
struct Norm {
  Context<Cuda> gpu;
  Context<Cpu> cpu{1};
  TwinView<T> x, y, dy, dx;
  Twin<T> gamma, beta, dgamma, dbeta, saved;
  std::vector<std::byte> workspace;
  bool in_place;

  Norm(const Case& k, int saved_size, std::size_t workspace_bytes)
      : x(view(k, 1)),
        y(view(k, 2)),
        dy(view(k, 3)),
        dx(view(k, 4)),
        gamma(channels_of<T>(gpu, k.shape.channels, 5)),
        beta(channels_of<T>(gpu, k.shape.channels, 6)),
        dgamma(channels_of<T>(gpu, k.shape.channels, 7)),
        dbeta(channels_of<T>(gpu, k.shape.channels, 8)),
        saved(channels_of<T>(gpu, saved_size, 9)),
        workspace(workspace_bytes),
        in_place(k.in_place) {
    for (T& v : x.numbers.host) v = static_cast<T>(v + k.mean);
    x.numbers.upload();
  }
  View<T> yc() { return in_place ? x.cpu() : y.cpu(); }
  View<T> yg() { return in_place ? x.gpu() : y.gpu(); }
  View<T> dxc() { return in_place ? dy.cpu() : dx.cpu(); }
  View<T> dxg() { return in_place ? dy.gpu() : dx.gpu(); }

  void expect_same() {
    for (TwinView<T>* v : {&x, &y, &dy, &dx})
      CHECK(distance(v->numbers.read(), v->numbers.host) <= near<T>);
    for (Twin<T>* t : {&saved, &dgamma, &dbeta}) CHECK(distance(t->read(), t->host) <= near<T>);
  }

 private:
  TwinView<T> view(const Case& k, std::uint64_t seed) {
    const View<float>& s = k.shape;
    return TwinView<T>(gpu, s.batch, s.height, s.width, s.channels, k.extra, seed);
  }
};

template <class T>
void check_group_norm(const Case& k) {
  Norm<T> s(k, k.shape.batch * 2 * k.groups,
            kernels::group_norm_workspace<T>(k.shape.batch, k.shape.shape()));
  const auto state = [&](T* gamma, T* beta) {
    return kernels::GroupNormState<T>{k.groups, k.affine ? gamma : nullptr,
                                      k.affine ? beta : nullptr, 1e-5};
  };
  const auto cpu = state(s.gamma.host.data(), s.beta.host.data());
  const auto gpu = state(s.gamma.device.data(), s.beta.device.data());
  kernels::group_norm_forward(s.cpu, cpu, s.x.cpu(), s.yc(), s.saved.host.data(),
                              s.workspace.data());
  kernels::group_norm_forward(s.gpu, gpu, s.x.gpu(), s.yg(), s.saved.device.data(), nullptr);
  s.expect_same();
  kernels::group_norm_backward(s.cpu, cpu, s.x.cpu(), s.dy.cpu(), s.saved.host.data(), s.dxc(),
                               k.affine ? s.dgamma.host.data() : nullptr,
                               k.affine ? s.dbeta.host.data() : nullptr, s.workspace.data());
  kernels::group_norm_backward(s.gpu, gpu, s.x.gpu(), s.dy.gpu(), s.saved.device.data(), s.dxg(),
                               k.affine ? s.dgamma.device.data() : nullptr,
                               k.affine ? s.dbeta.device.data() : nullptr, nullptr);
  s.expect_same();
}

template <class T>
void check_layer_norm(const Case& k) {
  Norm<T> s(k, static_cast<int>(k.shape.pixels()) * 2,
            kernels::layer_norm_workspace(k.shape.batch, k.shape.shape()));
  const kernels::LayerNormState<T> cpu{s.gamma.host.data(), s.beta.host.data(), 1e-5};
  const kernels::LayerNormState<T> gpu{s.gamma.device.data(), s.beta.device.data(), 1e-5};
  kernels::layer_norm_forward(s.cpu, cpu, s.x.cpu(), s.yc(), s.saved.host.data());
  kernels::layer_norm_forward(s.gpu, gpu, s.x.gpu(), s.yg(), s.saved.device.data());
  s.expect_same();
  kernels::layer_norm_backward(s.cpu, cpu, s.x.cpu(), s.dy.cpu(), s.saved.host.data(), s.dxc(),
                               s.dgamma.host.data(), s.dbeta.host.data(), s.workspace.data());
  kernels::layer_norm_backward(s.gpu, gpu, s.x.gpu(), s.dy.gpu(), s.saved.device.data(), s.dxg(),
                               s.dgamma.device.data(), s.dbeta.device.data(), nullptr);
  s.expect_same();
}

/// Each gradient alone is the one of all together; backward(dx, dgamma, dbeta).
template <class T, class Backward>
void check_wanted(Norm<T>& s, const Backward& backward) {
  backward(s.dx.gpu(), s.dgamma.device.data(), s.dbeta.device.data());
  const std::vector<T> dx = s.dx.numbers.read(), dgamma = s.dgamma.read(), dbeta = s.dbeta.read();
  CHECK(dx != s.dx.numbers.host);
  CHECK(dgamma != s.dgamma.host);
  CHECK(dbeta != s.dbeta.host);
  s.dx.numbers.upload(), s.dgamma.upload(), s.dbeta.upload();
  backward({}, nullptr, nullptr);
  CHECK(s.dbeta.read() == s.dbeta.host);
  backward({}, s.dgamma.device.data(), nullptr);
  CHECK(s.dgamma.read() == dgamma);
  CHECK(s.dbeta.read() == s.dbeta.host);
  backward(s.dx.gpu(), nullptr, nullptr);
  CHECK(s.dx.numbers.read() == dx);
  backward({}, nullptr, s.dbeta.device.data());
  CHECK(s.dbeta.read() == dbeta);
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: group norm is the CPU's", T, float, double) {
  check_group_norm<T>({{nullptr, 2, 5, 7, 6}, 3});
  check_group_norm<T>({{nullptr, 3, 5, 7, 6}, 2, 3});
  check_group_norm<T>({{nullptr, 1, 5, 7, 6}, 1, 2, true});
  check_group_norm<T>({{nullptr, 2, 11, 13, 70}, 2, 1, true});  // several chunks
  check_group_norm<T>({{nullptr, 11, 3, 2, 4}, 4, 1});          // more samples than warps
  check_group_norm<T>({{nullptr, 2, 1, 1, 12}, 3});             // one pixel
}

TEST_CASE_TEMPLATE("cuda: instance norm is the CPU's", T, float, double) {
  check_group_norm<T>({{nullptr, 2, 5, 7, 3}, 3, 0, false, false});
  check_group_norm<T>({{nullptr, 2, 19, 31, 5}, 5, 2, true, false});
  check_group_norm<T>({{nullptr, 1, 3, 3, 65}, 65, 1, false, false});
}

TEST_CASE_TEMPLATE("cuda: layer norm is the CPU's", T, float, double) {
  check_layer_norm<T>({{nullptr, 2, 5, 7, 3}, 0});
  check_layer_norm<T>({{nullptr, 2, 5, 7, 33}, 0, 2});
  check_layer_norm<T>({{nullptr, 1, 3, 31, 130}, 0, 1, true});
  check_layer_norm<T>({{nullptr, 2, 17, 13, 1}, 0, 1});
}

TEST_CASE_TEMPLATE("cuda: group and layer norm lose nothing to a large mean", T, float, double) {
  const double mean = sizeof(T) == sizeof(float) ? 16 : 100;  // near's digits of the normal values
  check_group_norm<T>({{nullptr, 2, 5, 7, 6}, 3, 0, false, true, mean});
  check_group_norm<T>({{nullptr, 2, 19, 31, 5}, 5, 0, false, false, mean});
  check_layer_norm<T>({{nullptr, 2, 5, 7, 33}, 0, 0, false, true, mean});
}

TEST_CASE_TEMPLATE("cuda: group and layer norm give each gradient alone", T, float, double) {
  const Case k{{nullptr, 2, 3, 5, 6}, 3, 1};
  {
    Norm<T> s(k, 12, 0);
    const kernels::GroupNormState<T> state{3, s.gamma.device.data(), s.beta.device.data(), 1e-5};
    kernels::group_norm_forward(s.gpu, state, s.x.gpu(), s.y.gpu(), s.saved.device.data(), nullptr);
    check_wanted(s, [&](View<T> dx, T* dgamma, T* dbeta) {
      kernels::group_norm_backward(s.gpu, state, s.x.gpu(), s.dy.gpu(), s.saved.device.data(), dx,
                                   dgamma, dbeta, nullptr);
    });
  }
  Norm<T> s(k, 60, 0);
  const kernels::LayerNormState<T> state{s.gamma.device.data(), s.beta.device.data(), 1e-5};
  kernels::layer_norm_forward(s.gpu, state, s.x.gpu(), s.y.gpu(), s.saved.device.data());
  check_wanted(s, [&](View<T> dx, T* dgamma, T* dbeta) {
    kernels::layer_norm_backward(s.gpu, state, s.x.gpu(), s.dy.gpu(), s.saved.device.data(), dx,
                                 dgamma, dbeta, nullptr);
  });
}
