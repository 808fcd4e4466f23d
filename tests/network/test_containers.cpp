// SPDX-License-Identifier: BSD-3-Clause
// Containers: names as in nn.Sequential, order of joins, taps and labels, several inputs, a
// container of the user's.
#include <doctest/doctest.h>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/testing/gradient_check.hpp>

using namespace tessera;
using testing::gradient_check;

namespace {

constexpr Window point = kernel(1), same = kernel(3).same();

template <class Net>
std::vector<std::string> names() {
  std::vector<std::string> list;
  for (const TensorInfo& t : Net::structure.tensors)
    if (t.parameter.name != "bias") list.push_back(name_of(Net::structure, t));
  return list;
}
using Names = std::vector<std::string>;

/// y = a * b, a layer of two inputs.
struct Multiply {
  static constexpr std::string_view name = "multiply";
  static constexpr ShapeOrComplaint output_shape(Shape a, Shape b) {
    if (!(a == b)) return Complaint::not_accepted;
    return a;
  }
  template <class T>
  static void forward(const Run<Cpu, T>& run) {
    for (std::ptrdiff_t i = 0; i < run.y().size(); ++i)
      run.y().data[i] = run.x(0).data[i] * run.x(1).data[i];
  }
  template <class T>
  static void backward(const Run<Cpu, T>& run) {
    for (int k = 0; k < 2; ++k)
      for (std::ptrdiff_t i = 0; run.dx(k) && i < run.dy().size(); ++i)
        run.dx(k).data[i] = run.dy().data[i] * run.x(1 - k).data[i];
  }
};
/// A container of the user's: x + two branches of it, the second named.
template <int C>
struct Branches {
  static constexpr Value lower(auto& b, Value x) {
    const Value left = b.add(Conv2d<C, C, point>{}, x);
    const Value right = b.named("right", Conv2d<C, C, same>{}, x);
    return b.sum(x, b.sum(left, right));
  }
};

}  // namespace

TEST_CASE("names: an unnamed layer's is its index among the layers of its scope") {
  using Features =
      Named<"features", Conv2d<3, 4, same>, ReLU, MaxPool2d<2>, Conv2d<4, 5, same>, ReLU,
            MaxPool2d<2>, Conv2d<5, 6, same>, ReLU, Conv2d<6, 5, same>, ReLU, Conv2d<5, 4, same>>;
  using Net = Network<Input<8, 8, 3>, Features, Named<"head", Conv2d<4, 1, point>>>;
  CHECK(names<Net>() == Names{"features.0.weight", "features.3.weight", "features.6.weight",
                              "features.8.weight", "features.10.weight", "head.weight"});
}

TEST_CASE("names: unnamed containers are transparent, joins are not counted") {
  struct Block : Sequential<Conv2d<6, 3, point>, ReLU> {};
  using Net = Network<Input<4, 4, 3>, SkipConcat<Conv2d<3, 3, point>>, Block,
                      Residual<Conv2d<3, 3, point>>, SkipFirst<Tap<"t">, BatchNorm2d<3>>>;
  CHECK(names<Net>() == Names{"0.weight", "1.weight", "3.weight", "4.weight", "4.running_mean",
                              "4.running_var", "4.num_batches_tracked"});
}

TEST_CASE("names: only Named opens a scope, its name may contain dots") {
  using Net =
      Network<Input<4, 4, 3>, Named<"a.b", Conv2d<3, 3, point>>,
              Named<"c", Named<"conv", Conv2d<3, 3, point>>, Named<"d", Conv2d<3, 3, point>, ReLU>>,
              Named<"e", Sequential<Conv2d<3, 3, point>>>, Conv2d<3, 3, point>>;
  CHECK(names<Net>() ==
        Names{"a.b.weight", "c.conv.weight", "c.d.0.weight", "e.0.weight", "0.weight"});
}

TEST_CASE("joins: SkipConcat is [inner, x], SkipFirst [x, inner], Residual x + inner") {
  using Net = Network<Input<1, 1, 1>, Conv2d<1, 1, point>, SkipConcat<Conv2d<1, 1, point>>,
                      SkipFirst<Conv2d<2, 1, point>>, SkipConcat<>, Residual<Conv2d<6, 6, point>>>;
  static_assert(output_shape<Net> == Shape{1, 1, 6});
  Model<Net, Cpu, double> model;
  for (const char* bias : {"0.bias", "1.bias", "2.bias"}) model.set(bias, std::vector<double>{0});
  model.set("0.weight", std::vector<double>{1});
  model.set("1.weight", std::vector<double>{10});        // [10, 1]
  model.set("2.weight", std::vector<double>{100, 100});  // [10, 1, 1100]
  model.set("3.weight", std::vector<double>(36));
  model.set("3.bias", std::vector<double>{0, 0, 0, 0.5, 0.5, 0.5});
  auto pass = model.pass({});
  pass.input().data[0] = 1;
  pass.forward();
  const std::vector<double> y(pass.output().data, pass.output().data + 6);
  CHECK(y == std::vector<double>{10, 1, 1100, 10.5, 1.5, 1100.5});
  CHECK(gradient_check<Net>().passed());
}

TEST_CASE("labels: Tap, ConcatWith, With, and a value read twice by one operation") {
  using Net = Network<Input<3, 3, 2>, Conv2d<2, 2, same>, Tap<"early">, Conv2d<2, 2, same>,
                      With<"early", Multiply>, Tap<"self">, With<"self", Multiply>,
                      ConcatWith<"early">, Conv2d<4, 1, point>>;
  CHECK(names<Net>() == Names{"0.weight", "1.weight", "4.weight"});
  const auto report = gradient_check<Net>();
  CHECK_MESSAGE(report.passed(), report.text());
}

TEST_CASE("several inputs, read by label") {
  using Net = Network<Inputs<Input<3, 5, 2>, Input<3, 5, 1, "depth">, MaskedInput<3, 5, 1, "m">>,
                      ConcatWith<"depth">, Conv2d<3, 2, same>, ReLU>;
  static_assert(Net::structure.inputs == 3 && output_shape<Net> == Shape{3, 5, 2});
  using Used = Network<Inputs<Input<3, 5, 2>, Input<3, 5, 1, "depth">>, ConcatWith<"depth">,
                       Conv2d<3, 2, same>>;
  const auto report = gradient_check<Used>();
  CHECK_MESSAGE(report.passed(), report.text());
}

TEST_CASE("a container of the user's is a type with lower()") {
  using Net = Network<Input<3, 5, 2>, Branches<2>, Named<"again", Branches<2>>>;
  CHECK(names<Net>() == Names{"0.weight", "right.weight", "again.0.weight", "again.right.weight"});
  const auto report = gradient_check<Net>();
  CHECK_MESSAGE(report.passed(), report.text());
}
