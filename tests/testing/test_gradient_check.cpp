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

}  // namespace

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
