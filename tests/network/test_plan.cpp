// SPDX-License-Identifier: BSD-3-Clause
// Memory plans: valid, as small as what lives at once, in place and in slices where that is
// allowed, the same at compile time and at run time.
#include <doctest/doctest.h>

#include <vector>

#include <tessera/layers/conv2d.hpp>
#include <tessera/models/pconv_cifar_net1.hpp>
#include <tessera/models/pconv_cifar_net2.hpp>
#include <tessera/network/detail/planner.hpp>
#include <tessera/tensor/random.hpp>

using namespace tessera;
using models::PConvCifarNet1;
using models::PConvCifarNet2;

namespace {

constexpr Window same = kernel(3).same();
using Skip = Network<Input<9, 7, 3>, Conv2d<3, 4, same>, SkipConcat<Conv2d<4, 4, same>>, ReLU,
                     Conv2d<8, 2, same>, Residual<Conv2d<2, 2, same>>, Sigmoid>;

/// A block of a long chain without kernels.
template <int I>
struct Step {
  static constexpr std::string_view name = "step";
  static constexpr bool strided = true, in_place = I % 3 == 0, needs_x = I % 3 == 1,
                        needs_y = I % 3 == 2;
  static constexpr Shape output_shape(Shape in) { return {in.height, in.width, 3 + I % 5}; }
  static constexpr auto parameters(Shape in) {
    return tessera::parameters(Parameter{"w", {in.channels}});
  }
};
template <int... I>
Network<Input<7, 5, 3>, SkipFirst<Step<I>, Step<I + 1>>...> long_chain(
    std::integer_sequence<int, I...>);
using Long = decltype(long_chain(std::make_integer_sequence<int, 60>{}));

/// Parameters that depend on the size, as of a layer that reads the whole image.
struct Whole {
  static constexpr std::string_view name = "whole";
  static constexpr Shape output_shape(Shape) { return {1, 1, 2}; }
  static constexpr auto parameters(Shape in) {
    return tessera::parameters(Parameter{"weight", {2, static_cast<int>(in.size())}});
  }
};

/// Valid; without the kernels' scratch as small as what lives at once, with it within a tenth (a
/// few large short-lived buffers make the greedy placement leave gaps).
void check_good(const Structure& s, const PassRequest& request) {
  Plan plan = make_plan(s, request);
  REQUIRE(plan.complaint == Complaint::none);
  CHECK(valid(plan));
  CHECK(plan.bytes >= peak_live_bytes(plan));
  CHECK(static_cast<double>(plan.bytes) <= 1.1 * static_cast<double>(peak_live_bytes(plan)));
  for (const OperationPlan& p : plan.operations)
    for (const int b : {p.forward_workspace, p.backward_workspace})
      if (b >= 0) plan.buffers[b].bytes = 0;
  plan.bytes = 0;
  detail::place_buffers(plan);
  CHECK(valid(plan));
  CHECK(plan.bytes == peak_live_bytes(plan));
}
void check_all(const Structure& s, int batch) {
  check_good(s, {.batch = batch});
  check_good(s, {.batch = batch, .gradients = false});
  check_good(s, {.batch = batch, .input_gradients = true});
  check_good(s, {.batch = batch, .parameter_gradients = false, .input_gradients = true});
}
/// A number that differs where plans differ.
constexpr std::uint64_t digest(const Plan& plan) {
  std::uint64_t h = plan.bytes;
  for (const PlannedBuffer& b : plan.buffers)
    h = mix(mix(mix(h, b.bytes), b.offset), static_cast<std::uint64_t>(b.first * 10000 + b.last));
  for (const Place& p : plan.values)
    h = mix(h, static_cast<std::uint64_t>(p.buffer * 64 + p.channel));
  for (const Place& p : plan.gradients)
    h = mix(h, static_cast<std::uint64_t>(p.buffer * 64 + p.channel));
  return h;
}
template <class Net>
constexpr int value_of_operation(int i) {
  return Net::structure.operations[static_cast<std::size_t>(i)].output;
}

}  // namespace

TEST_CASE("plans are valid and reach the lower bound") {
  for (const int batch : {1, 3, 100}) {
    check_all(structure<PConvCifarNet1>, batch);
    check_all(structure<PConvCifarNet2>, batch);
    check_all(structure<Skip>, batch);
  }
}

TEST_CASE("a plan of 60 blocks is valid and near the lower bound") {
  for (const bool gradients : {true, false}) {
    const Plan plan = make_plan(structure<Long>, {.batch = 2, .gradients = gradients});
    CHECK(valid(plan));
    CHECK(static_cast<double>(plan.bytes) <= 1.1 * static_cast<double>(peak_live_bytes(plan)));
  }
}

TEST_CASE("an overlap is found by valid()") {
  Plan plan = make_plan(structure<Skip>, {.batch = 2});
  REQUIRE(valid(plan));
  for (PlannedBuffer& b : plan.buffers) b.offset = 0;
  CHECK(!valid(plan));
}

TEST_CASE("memory grows with the batch, but not that of the weights' scratch") {
  const auto bytes = [](int batch, bool gradients = true) {
    return make_plan(structure<PConvCifarNet2>, {.batch = batch, .gradients = gradients}).bytes;
  };
  CHECK(bytes(200) <= 2 * bytes(100) + 64 * 1024);
  CHECK(bytes(200) > bytes(100) * 18 / 10);
  CHECK(bytes(100, false) < bytes(100) * 2 / 3);
}

TEST_CASE("in place and slices of a concatenation") {
  using Net = Network<Input<4, 6, 3>, Conv2d<3, 4, same>, ReLU,
                      SkipConcat<Conv2d<4, 5, same>, ReLU>, Conv2d<9, 1, same>>;
  for (const bool gradients : {true, false}) {
    const Plan plan = make_plan(structure<Net>, {.batch = 2, .gradients = gradients});
    const auto place = [&](int i) { return plan.values[value_of_operation<Net>(i)]; };
    CHECK(place(0).buffer == place(1).buffer);  // relu in place
    CHECK(place(2).buffer == place(3).buffer);
    CHECK(place(3).buffer == place(4).buffer);  // concat [inner, skip] holds both
    CHECK(place(1).buffer == place(4).buffer);
    CHECK(place(3).channel == 0);
    CHECK(place(1).channel == 5);
    CHECK(place(1).stride == 9);
    if (!gradients) continue;
    const auto gradient = [&](int i) { return plan.gradients[value_of_operation<Net>(i)]; };
    CHECK(gradient(3).buffer == gradient(4).buffer);
    CHECK(gradient(1).channel == 5);
    CHECK(gradient(0).buffer == gradient(1).buffer);
  }
}

TEST_CASE("an activation after a concatenation is not run over a skip that is read later") {
  const Plan plan = make_plan(structure<Skip>, {.batch = 2});
  const int skip = value_of_operation<Skip>(0), relu = value_of_operation<Skip>(3);
  CHECK(plan.values[skip].buffer != plan.values[relu].buffer);
}

TEST_CASE("a kept tap is neither overwritten nor a slice") {
  using Net = Network<Input<4, 4, 3>, Conv2d<3, 4, same>, Tap<"t">, ReLU, Conv2d<4, 1, same>>;
  const int tap = value_of_operation<Net>(0), relu = value_of_operation<Net>(1);
  const int kept[] = {tap};
  const Plan free = make_plan(structure<Net>, {.batch = 1}),
             plan = make_plan(structure<Net>, {.batch = 1, .kept = kept});
  CHECK(free.values[tap].buffer == free.values[relu].buffer);
  CHECK(plan.values[tap].buffer != plan.values[relu].buffer);
  CHECK(plan.buffers[plan.values[tap].buffer].last >= 3);
}

TEST_CASE("frozen layers at the start are not passed through backward") {
  std::vector<std::uint8_t> frozen(structure<Skip>.operations.size());
  frozen[0] = 1;
  const Plan plan = make_plan(structure<Skip>, {.batch = 1, .frozen = frozen});
  CHECK(!plan.operations[0].backward);
  CHECK(plan.gradients[value_of_operation<Skip>(0)].buffer < 0);
  CHECK(plan.operations[1].parameter_gradients);
  CHECK(!plan.operations[1].wants[0]);
  const Plan all = make_plan(structure<Skip>, {.batch = 1, .parameter_gradients = false});
  for (const OperationPlan& p : all.operations) CHECK(!p.backward);
}

TEST_CASE("other sizes at run time; a layer whose parameters depend on the size refuses them") {
  const Shape size[] = {Shape{20, 33, 3}};
  const Plan plan = make_plan(structure<Skip>, {.batch = 1, .inputs = size});
  CHECK(plan.complaint == Complaint::none);
  CHECK(plan.shapes[structure<Skip>.output] == Shape{20, 33, 2});
  using Fixed = Network<Input<4, 4, 3>, Conv2d<3, 3, same>, Named<"head", Whole>>;
  const Plan bad = make_plan(structure<Fixed>, {.batch = 1, .inputs = size});
  CHECK(bad.complaint == Complaint::fixed_size);
  CHECK(bad.fault_operation == 1);
  CHECK(bad.fault_first == Shape{20, 33, 3});
  const Shape declared[] = {Shape{4, 4, 3}};
  CHECK(make_plan(structure<Fixed>, {.inputs = declared}).complaint == Complaint::none);
}

TEST_CASE("a plan in a constant expression is the plan at run time") {
  constexpr std::uint64_t train = digest(make_plan(structure<Skip>, {.batch = 5}));
  constexpr std::uint64_t evaluate =
      digest(make_plan(structure<PConvCifarNet2>, {.batch = 3, .gradients = false}));
  static_assert(valid(make_plan(structure<PConvCifarNet2>, {.batch = 100})));
  CHECK(train == digest(make_plan(structure<Skip>, {.batch = 5})));
  CHECK(evaluate == digest(make_plan(structure<PConvCifarNet2>, {.batch = 3, .gradients = false})));
}
