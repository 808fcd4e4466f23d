// SPDX-License-Identifier: BSD-3-Clause
// The convolution kernels against their scalar twin: shapes, layouts, holes, threads, sentinels.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <tessera/kernels/conv2d.hpp>
#include <tessera/tensor/buffer.hpp>

#include "conv2d_scalar.hpp"
#include "fixture.hpp"

namespace {
using namespace tessera;
using kernels::Conv2dProblem;
using test::Field;
using test::Layout;

/// One case of the tables below.
struct Case {
  int batch, height, width, in, out, padding;
  int groups = 0;       // mask groups of x; 0: plain
  bool scaled = false;  // with a scale that has zeros
  Layout layout = Layout::contiguous;
};

Conv2dProblem problem_of(const Case& c, int kernel, int stride) {
  const int h = (c.height + 2 * c.padding - kernel) / stride + 1;
  const int w = (c.width + 2 * c.padding - kernel) / stride + 1;
  return {c.batch, c.height, c.width, c.in, h, w, c.out, kernel, stride, c.padding};
}

/// `count` channels cut into uneven groups.
MaskGroups cut_into_groups(int count, int channels) {
  MaskGroups m;
  m.count = std::min(count, channels);
  for (int g = 0; g < m.count; ++g) {
    const int left = channels - (m.count - 1 - g);
    m.channels[g] = g + 1 == m.count ? channels : std::max(1, std::min(left, channels / 3));
    channels -= m.channels[g];
  }
  return m;
}

/// A workspace of exactly the size asked for, between guards.
class GuardedWorkspace {
 public:
  explicit GuardedWorkspace(std::size_t bytes) : bytes_(bytes), memory_(bytes + 2 * guard) {
    std::memset(memory_.data(), 0xff, memory_.size());  // NaN everywhere
  }
  std::byte* data() { return memory_.data() + guard; }
  bool intact() const {
    const auto untouched = [](std::byte b) { return b == std::byte{0xff}; };
    const std::byte* first = memory_.data();
    const std::byte* last = first + guard + bytes_;
    return std::all_of(first, first + guard, untouched) &&
           std::all_of(last, last + guard, untouched);
  }

 private:
  static constexpr std::size_t guard = 256;
  std::size_t bytes_;
  Buffer<std::byte> memory_;
};

/// Inputs of one case. Under holes, and in dy where scale is 0, lies NaN.
template <class T>
struct Inputs {
  Conv2dProblem p;
  Field<T> x, dy, weight, bias;
  std::vector<std::uint8_t> mask;
  ValidView valid{};
  std::vector<T> scale_values;
  const T* scale = nullptr;

  Inputs(const Case& c, const Conv2dProblem& problem)
      : p(problem),
        x(c.batch, c.height, c.width, c.in, c.layout, 1),
        dy(c.batch, p.out_height, p.out_width, c.out, c.layout, 2),
        weight(1, p.kernel * p.kernel, c.in, c.out, off_by_one(c.layout), 3),
        bias(1, 1, 1, c.out, off_by_one(c.layout), 4) {
    const T nan = std::numeric_limits<T>::quiet_NaN();
    if (c.groups > 0) {
      const MaskGroups groups = cut_into_groups(c.groups, c.in);
      mask.resize(static_cast<std::size_t>(c.batch * c.height * c.width * groups.count));
      for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = (i * 7 + i / 5) % 3 != 0;
      valid = {mask.data(), c.batch, c.height, c.width, groups};
      for (int n = 0; n < c.batch; ++n)
        for (int h = 0; h < c.height; ++h)
          for (int w = 0; w < c.width; ++w)
            for (int i = 0; i < c.in; ++i)
              if (!scalar::is_valid(valid, n, h, w, i)) x.view()(n, h, w, i) = nan;
    }
    if (!c.scaled) return;
    for (std::ptrdiff_t k = 0; k < dy.view().pixels(); ++k) {
      scale_values.push_back(k % 4 == 1 ? T(0) : T(1) + static_cast<T>(k % 7) / T(4));
      for (int o = 0; k % 4 == 1 && o < c.out; ++o) dy.at(k, o) = nan;
    }
    scale = scale_values.data();
  }
  static Layout off_by_one(Layout l) {
    return l == Layout::contiguous ? l : Layout::misaligned;
  }
};

/// Largest difference, in units of the largest magnitude (1 at least); infinite where one is NaN.
template <class T>
double difference(const View<T>& view, const std::vector<double>& expected) {
  double most = 1, worst = 0;
  for (double e : expected) most = std::max(most, std::fabs(e));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto c = static_cast<std::size_t>(view.channels);
    const double got = view.pixel(static_cast<std::ptrdiff_t>(i / c))[i % c];
    const double d = std::fabs(got - expected[i]);
    worst = std::isfinite(d) ? std::max(worst, d) : std::numeric_limits<double>::infinity();
  }
  return worst / most;
}
template <class T>
constexpr double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-12;

template <int K, int S, class T>
void check_forward(const Case& c, Inputs<T>& in, bool with_bias) {
  const Conv2dProblem& p = in.p;
  const T* bias = with_bias ? in.bias.view().data : nullptr;
  const T* weight = in.weight.view().data;
  std::vector<T> first;
  for (int threads : test::thread_counts) {
    Field<T> y(c.batch, p.out_height, p.out_width, c.out, c.layout, 5);
    GuardedWorkspace workspace(kernels::conv2d_forward_workspace<T>(p));
    kernels::conv2d_forward<K, S, T>(Context<Cpu>{threads}, p, in.x, in.valid, weight, bias,
                                     in.scale, y, workspace.data());
    CHECK(y.intact());
    CHECK(workspace.intact());
    if (threads > 1) {
      CHECK(test::same_bits(first, y.memory()));
      continue;
    }
    first = y.memory();
    const auto expected =
        scalar::conv2d_forward<T>(p, in.x, in.valid, weight, bias, in.scale);
    CHECK(difference(y.view(), expected) <= tolerance<T>);
    for (std::ptrdiff_t k = 0; in.scale && k < y.view().pixels(); ++k)
      if (in.scale[k] == T(0))
        for (int o = 0; o < c.out; ++o) CHECK(y.at(k, o) == T(0));
  }
}

template <int K, int S, class T>
void check_backward_input(const Case& c, Inputs<T>& in) {
  const Conv2dProblem& p = in.p;
  const T* weight = in.weight.view().data;
  std::vector<T> first;
  for (int threads : test::thread_counts) {
    Field<T> dx(c.batch, c.height, c.width, c.in, c.layout, 6);
    GuardedWorkspace workspace(kernels::conv2d_backward_input_workspace<T>(p));
    kernels::conv2d_backward_input<K, S, T>(Context<Cpu>{threads}, p, in.dy, in.valid, weight,
                                            in.scale, dx, workspace.data());
    CHECK(dx.intact());
    CHECK(workspace.intact());
    if (threads > 1) {
      CHECK(test::same_bits(first, dx.memory()));
      continue;
    }
    first = dx.memory();
    const auto expected = scalar::conv2d_backward_input<T>(p, in.dy, in.valid, weight, in.scale);
    CHECK(difference(dx.view(), expected) <= tolerance<T>);
  }
}

template <int K, int S, class T>
void check_backward_weight(const Case& c, Inputs<T>& in) {
  const Conv2dProblem& p = in.p;
  std::vector<T> first_weight, first_bias;
  auto expected = scalar::conv2d_backward_weight<T>(p, in.x, in.valid, in.dy, in.scale);
  auto expected_bias = scalar::conv2d_backward_bias<T>(p, in.dy, in.scale);
  for (double& e : expected) e += 0.5;
  for (double& e : expected_bias) e += 0.25;
  for (int threads : test::thread_counts) {
    Field<T> dw(1, K * K, c.in, c.out, in.off_by_one(c.layout)), db(1, 1, 1, c.out);
    dw.fill(T(0.5));
    db.fill(T(0.25));
    GuardedWorkspace workspace(kernels::conv2d_backward_weight_workspace<T>(p));
    const auto run = [&](T* weight, T* bias) {
      kernels::conv2d_backward_weight<K, S, T>(Context<Cpu>{threads}, p, in.x, in.valid, in.dy,
                                               in.scale, weight, bias, workspace.data());
    };
    run(dw.view().data, threads == 2 ? nullptr : db.view().data);
    if (threads == 2) run(nullptr, db.view().data);
    CHECK(dw.intact());
    CHECK(db.intact());
    CHECK(workspace.intact());
    if (threads > 1) {
      CHECK(test::same_bits(first_weight, dw.memory()));
      CHECK(test::same_bits(first_bias, db.memory()));
      continue;
    }
    first_weight = dw.memory();
    first_bias = db.memory();
    CHECK(difference(dw.view(), expected) <= tolerance<T>);
    CHECK(difference(db.view(), expected_bias) <= tolerance<T>);
  }
}

template <int K, int S, class T>
void check(const Case& c) {
  if (c.height + 2 * c.padding < K || c.width + 2 * c.padding < K || c.padding >= K) return;
  CAPTURE(K);
  CAPTURE(S);
  CAPTURE(c.batch);
  CAPTURE(c.height);
  CAPTURE(c.width);
  CAPTURE(c.in);
  CAPTURE(c.out);
  CAPTURE(c.padding);
  CAPTURE(c.groups);
  CAPTURE(c.scaled);
  CAPTURE(sizeof(T));
  Inputs<T> in(c, problem_of(c, K, S));
  check_forward<K, S, T>(c, in, c.out % 2 == 0 || c.scaled);
  check_backward_input<K, S, T>(c, in);
  check_backward_weight<K, S, T>(c, in);
}

template <int K, int S>
void check_both(const Case& c) {
  check<K, S, float>(c);
  check<K, S, double>(c);
}

constexpr int some_channels[] = {1, 2, 3, 5, 16, 17, 31, 32, 33, 67};

TEST_CASE("conv2d: channel counts") {
  for (int in : some_channels)
    for (int out : some_channels) {
      check_both<3, 1>({2, 5, 7, in, out, 1});
      check_both<3, 2>({2, 5, 7, in, out, 1});
    }
}

TEST_CASE("conv2d: sizes, kernels, strides, paddings") {
  constexpr int sizes[][2] = {{1, 1}, {5, 7}, {9, 3}, {4, 4}, {12, 13}};
  for (const auto& s : sizes)
    for (int padding = 0; padding <= 3; ++padding)
      for (int channels : {3, 17, 33}) {
        const Case c{2, s[0], s[1], channels, 20 - channels / 2, padding};
        check_both<1, 1>(c);
        check_both<1, 2>(c);
        check_both<3, 1>(c);
        check_both<3, 2>(c);
        check_both<3, 3>(c);
        check_both<3, 4>(c);
        check_both<4, 1>(c);
        check_both<4, 2>(c);
        check_both<5, 1>(c);
        check_both<5, 3>(c);
        check_both<7, 2>(c);
      }
}

TEST_CASE("conv2d: batches of small images") {
  for (int batch : {1, 2, 3, 13})
    for (int size : {1, 2, 4})
      for (int out : {3, 16, 40}) {
        check_both<3, 1>({batch, size, size, 5, out, 1});
        check_both<3, 2>({batch, size, size, 33, out, 1});
      }
}

TEST_CASE("conv2d: strided and misaligned views, holes, scale") {
  for (Layout layout : test::layouts)
    for (int groups = 0; groups <= 3; ++groups)
      for (bool scaled : {false, true})
        for (int in : {3, 17, 67})
          for (int out : {2, 16, 35}) {
            check_both<3, 1>({3, 5, 6, in, out, 1, groups, scaled, layout});
            check_both<4, 2>({2, 6, 5, in, out, 2, groups, scaled, layout});
            check_both<1, 1>({2, 4, 5, in, out, 0, groups, scaled, layout});
          }
}

TEST_CASE("conv2d: long reductions and images in bands") {
  check_both<3, 1>({5, 4, 4, 200, 67, 1, 2, true});
  check_both<5, 2>({1, 40, 37, 70, 33, 2, 1, true});
  check_both<3, 1>({1, 70, 65, 3, 40, 1, 1, true});
  check_both<3, 1>({1, 70, 65, 40, 3, 1, 1, true});
  check_both<7, 2>({1, 60, 150, 64, 3, 3});
  check_both<3, 1>({17, 8, 8, 40, 3, 1, 1, true});
  check_both<11, 4>({2, 31, 29, 3, 20, 2});
}

TEST_CASE("conv2d: workspace is a constant expression") {
  constexpr Conv2dProblem p{100, 32, 32, 3, 32, 32, 32, 3, 1, 1};
  static_assert(kernels::conv2d_forward_workspace<float>(p) > 0);
  static_assert(kernels::conv2d_backward_input_workspace<float>(p) > 0);
  static_assert(kernels::conv2d_backward_weight_workspace<double>(p) > 0);
}
}  // namespace
