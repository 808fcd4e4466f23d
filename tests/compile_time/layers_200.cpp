// SPDX-License-Identifier: BSD-3-Clause
// Cost of composition alone: 200 layers, each a type of its own without kernels, in named blocks
// with skips; its table, plan, names and a training step are compiled.
#include <tessera/network/describe.hpp>
#include <tessera/network/model.hpp>

namespace ts = tessera;

/// A layer without work, with a weight and a bias.
template <int In, int Out>
struct Trivial {
  static constexpr std::string_view name = "trivial";
  static constexpr ts::ShapeOrComplaint output_shape(ts::Shape in) {
    if (in.channels != In) return ts::Complaint::channels;
    return ts::Shape{in.height, in.width, Out};
  }
  static constexpr auto parameters(ts::Shape) {
    return ts::parameters(ts::Parameter{"weight", {Out, In}}, ts::Parameter{"bias", {Out}});
  }
  template <class T>
  static void forward(const ts::Run<ts::Cpu, T>& run) {
    run.y().data[0] = run.x().data[0];
  }
  template <class T>
  static void backward(const ts::Run<ts::Cpu, T>& run) {
    if (run.dx()) run.dx().data[0] = run.dy().data[0];
  }
};
/// Five layers and a skip; block I takes I channels and gives I + 4.
template <int I>
struct Block
    : ts::Sequential<Trivial<I, I + 500>,
                     ts::SkipConcat<Trivial<I + 500, I + 1>, ts::Named<"inner", Trivial<I + 1, I>>>,
                     Trivial<2 * I + 500, I + 2>, ts::Named<"outer", Trivial<I + 2, I + 4>>> {};
template <int I>
struct Four : ts::Sequential<ts::Named<"a", Block<I>>, ts::Named<"b", Block<I + 4>>,
                             ts::Named<"c", Block<I + 8>>, ts::Named<"d", Block<I + 12>>> {};

using Net =
    ts::Network<ts::Input<16, 16, 8>, ts::Named<"block0", Four<8>>, ts::Named<"block1", Four<24>>,
                ts::Named<"block2", Four<40>>, ts::Named<"block3", Four<56>>,
                ts::Named<"block4", Four<72>>, ts::Named<"block5", Four<88>>,
                ts::Named<"block6", Four<104>>, ts::Named<"block7", Four<120>>,
                ts::Named<"block8", Four<136>>, ts::Named<"block9", Four<152>>>;

static_assert(Net::structure.operations.size() == 200 + 40);  // and the joins
static_assert(ts::output_shape<Net> == ts::Shape{16, 16, 168});

int main() {
  ts::Model<Net> model;
  auto pass = model.pass({.batch = 2});
  pass.forward();
  pass.zero_gradients();
  pass.backward();
  return model.tensors().size() == 400 ? 0 : 1;
}
