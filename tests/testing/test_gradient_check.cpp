// SPDX-License-Identifier: BSD-3-Clause
// gradient_check finds layers that are wrong, and says where.
#include <doctest/doctest.h>

#include <tessera/layers/conv2d.hpp>
#include <tessera/testing/gradient_check.hpp>

using namespace tessera;
using testing::gradient_check;

namespace {

enum class Wrong { none, factor, assigns, wrong_dx, adds_dx, reads_dead, one_entry };

/// y = w x, with one thing wrong.
template <Wrong F>
struct Scale {
  static constexpr std::string_view name = "scale";
  // A layer that says it does not need x, and reads it in backward, reads a dead buffer.
  static constexpr bool needs_x = F != Wrong::reads_dead, needs_y = false;
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr auto parameters(Shape) { return tessera::parameters(Parameter{"w", {1}, ones}); }
  template <class T>
  static void forward(const Run<Cpu, T>& run) {
    for (std::ptrdiff_t i = 0; i < run.y().size(); ++i)
      run.y().data[i] = run.parameter(0)[0] * run.x().data[i];
  }
  template <class T>
  static void backward(const Run<Cpu, T>& run) {
    T sum = 0;
    for (std::ptrdiff_t i = 0; i < run.dy().size(); ++i) sum += run.dy().data[i] * run.x().data[i];
    if (run.gradient(0)) {
      if (F == Wrong::assigns) run.gradient(0)[0] = sum;
      else run.gradient(0)[0] += (F == Wrong::factor ? 2 : 1) * sum;
    }
    for (std::ptrdiff_t i = 0; run.dx() && i < run.dy().size(); ++i) {
      T dx = run.parameter(0)[0] * run.dy().data[i];
      if (F == Wrong::wrong_dx) dx = -dx;
      if (F == Wrong::one_entry && i == 3) dx += T(0.001);
      if (F == Wrong::adds_dx) run.dx().data[i] += dx;
      else run.dx().data[i] = dx;
    }
  }
};
template <Wrong F>
using Net = Network<Input<3, 5, 2>, Named<"conv", Conv2d<2, 2, kernel(1)>>, Named<"it", Scale<F>>>;

/// Where the gradient of `Planted` or `PlantedWeights` is wrong; -1: everywhere along that axis.
struct Fault {
  int sample = -1, row = -1, column = -1, channel = -1;
  double factor = 1;
};
Fault fault;

/// y = 2 x, but dx is wrong at the planted place.
struct Planted {
  static constexpr std::string_view name = "planted";
  static constexpr bool needs_x = false, needs_y = false;
  static constexpr Shape output_shape(Shape in) { return in; }
  template <class T>
  static void forward(const Run<Cpu, T>& run) {
    for (std::ptrdiff_t i = 0; i < run.y().size(); ++i) run.y().data[i] = 2 * run.x().data[i];
  }
  template <class T>
  static void backward(const Run<Cpu, T>& run) {
    const auto at = [](int i, int planted) { return planted < 0 || i == planted; };
    const auto dy = run.dy();
    for (int n = 0; run.dx() && n < dy.batch; ++n)
      for (int h = 0; h < dy.height; ++h)
        for (int w = 0; w < dy.width; ++w)
          for (int c = 0; c < dy.channels; ++c) {
            const bool here = at(n, fault.sample) && at(h, fault.row) && at(w, fault.column) &&
                              at(c, fault.channel);
            run.dx()(n, h, w, c) = static_cast<T>(here ? 2 * fault.factor : 2) * dy(n, h, w, c);
          }
  }
};

/// y = x, written for float alone.
struct FloatOnly {
  static constexpr std::string_view name = "float_only";
  static constexpr bool needs_x = false, needs_y = false;
  static constexpr Shape output_shape(Shape in) { return in; }
  static void forward(const Run<Cpu, float>& run) {
    kernels::copy(run.context(), run.x(), run.y());
  }
  static void backward(const Run<Cpu, float>& run) {
    if (run.dx()) kernels::copy(run.context(), run.dy(), run.dx());
  }
};

/// y = w x with a factor for each channel; the gradient of factor `fault.channel` is wrong.
template <int C>
struct PlantedWeights {
  static constexpr std::string_view name = "planted_weights";
  static constexpr bool needs_y = false;
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr auto parameters(Shape) { return tessera::parameters(Parameter{"w", {C}, ones}); }
  template <class T>
  static void forward(const Run<Cpu, T>& run) {
    for (std::ptrdiff_t i = 0; i < run.y().size(); ++i)
      run.y().data[i] = run.parameter(0)[i % C] * run.x().data[i];
  }
  template <class T>
  static void backward(const Run<Cpu, T>& run) {
    for (std::ptrdiff_t i = 0; i < run.dy().size(); ++i) {
      const auto factor = static_cast<T>(i % C == fault.channel ? fault.factor : 1);
      if (run.gradient(0)) run.gradient(0)[i % C] += factor * run.dy().data[i] * run.x().data[i];
      if (run.dx()) run.dx().data[i] = run.parameter(0)[i % C] * run.dy().data[i];
    }
  }
};

/// A gradient check of `Net` finds a gradient that is 1000 times too large here, and one that is a
/// thousandth of itself off, and names an entry where it is wrong.
template <class Net>
void expect_found(Fault place, int batch, const std::string& tensor) {
  for (const double factor : {1000.0, 1.001}) {
    fault = place;
    fault.factor = factor;
    const auto report = gradient_check<Net>({.batch = batch});
    CAPTURE(report.text());
    CHECK(!report.passed());
    CHECK(report.worst_tensor == tensor);
    const Shape s = input_shape<Net>;
    const int k = static_cast<int>(report.worst_index), pixel = k / s.channels;
    if (place.channel >= 0) CHECK(k % s.channels == place.channel);
    if (place.column >= 0) CHECK(pixel % s.width == place.column);
    if (place.row >= 0) CHECK(pixel / s.width % s.height == place.row);
    if (place.sample >= 0) CHECK(pixel / s.width / s.height == place.sample);
    CHECK(report.analytic == doctest::Approx(factor * report.numeric).epsilon(1e-4));
    fault = {};
  }
}

}  // namespace

TEST_CASE_TEMPLATE("a wrong input gradient in one channel, row, column, sample or entry is found",
                   S, Input<5, 7, 3>, Input<5, 7, 6>, Input<1, 1, 64>, Input<8, 8, 4>,
                   Input<3, 5, 2>, Input<16, 16, 3>, Input<1, 128, 1>, Input<17, 19, 5>) {
  using Net = Network<S, Planted>;
  constexpr Shape s = input_shape<Net>;
  for (const int batch : {1, 3}) {
    const auto right = gradient_check<Net>({.batch = batch});
    CHECK_MESSAGE(right.passed(), right.text());
    CHECK(right.checked == batch * s.size());  // every entry
    for (const int i : {0, 2, 63}) {
      if (i < s.channels) expect_found<Net>({.channel = i}, batch, "input 0");
      if (i < s.height) expect_found<Net>({.row = i}, batch, "input 0");
      if (i < s.width) expect_found<Net>({.column = i}, batch, "input 0");
      if (i < batch) expect_found<Net>({.sample = i}, batch, "input 0");
    }
    expect_found<Net>({batch - 1, s.height - 1, s.width - 1, s.channels - 1}, batch, "input 0");
    expect_found<Net>({0, s.height / 2, s.width / 2, s.channels / 2}, batch, "input 0");
  }
}

TEST_CASE_TEMPLATE("one wrong entry of a parameter's gradient is found", C,
                   std::integral_constant<int, 3>, std::integral_constant<int, 64>,
                   std::integral_constant<int, 200>, std::integral_constant<int, 1000>) {
  using Net = Network<Input<2, 3, C::value>, PlantedWeights<C::value>>;
  for (const int entry : {0, 1, C::value / 2, C::value - 2, C::value - 1})
    expect_found<Net>({.channel = entry}, 2, "0.w");
}

TEST_CASE("large tensors: every entry is covered whatever the number of groups") {
  using Net = Network<Input<9, 8, 6>, Planted>;
  for (const int entries : {1, 7, 64, 96, 1000}) {
    const auto right = gradient_check<Net>({.entries = entries});
    CHECK_MESSAGE(right.passed(), right.text());
    CHECK(right.checked == 2 * 9 * 8 * 6);
    fault = {.sample = 1, .row = 4, .column = 7, .channel = 5, .factor = 1000};
    const auto report = gradient_check<Net>({.entries = entries});
    CHECK(!report.passed());
    CHECK(report.worst_index == ((9 + 4) * 8 + 7) * 6 + 5);
    fault = {};
  }
}

TEST_CASE("a layer for float alone: a wrong channel is found too") {
  using Net = Network<Input<5, 7, 6>, Planted, FloatOnly>;
  CHECK(gradient_check<Net>().passed());
  for (int c = 0; c < 6; ++c) {
    fault = {.channel = c, .factor = 1000};
    const auto report = gradient_check<Net>();
    CHECK(!report.in_double);
    CHECK(!report.passed());
    fault = {};
  }
}

TEST_CASE("a right layer passes, and the report counts") {
  const auto report = gradient_check<Net<Wrong::none>>({.batch = 2});
  CHECK(report.passed());
  CHECK(report.checked == 4 + 2 + 1 + 60);
  CHECK(report.text().find("passed in double: 67 entries, worst error ") == 0);
}

TEST_CASE("wrong gradients are found") {
  for (const auto& report :
       {gradient_check<Net<Wrong::factor>>(), gradient_check<Net<Wrong::assigns>>(),
        gradient_check<Net<Wrong::wrong_dx>>(), gradient_check<Net<Wrong::adds_dx>>(),
        gradient_check<Net<Wrong::reads_dead>>(), gradient_check<Net<Wrong::one_entry>>()}) {
    CHECK(!report.passed());
    CHECK_MESSAGE(report.text().find("FAILED in double: 67 entries") == 0, report.text());
  }
}

TEST_CASE("the report names the worst entry") {
  const auto report = gradient_check<Net<Wrong::factor>>();
  CHECK(report.worst_tensor == "it.w");
  CHECK(report.worst_index == 0);
  CHECK(report.analytic == doctest::Approx(2 * report.numeric).epsilon(1e-4));
  CHECK(report.text().find("(tolerance 1e-06) at it.w[0]: gradient ") != std::string::npos);
}

TEST_CASE("the tolerance is the caller's") {
  CHECK(gradient_check<Net<Wrong::one_entry>>({.tolerance = 0.1}).passed());
}
