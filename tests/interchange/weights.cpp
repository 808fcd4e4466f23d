// SPDX-License-Identifier: BSD-3-Clause
// The C++ half of check_with_pytorch.py, which describes the network in PyTorch's words.
//   weights save FILE        fixed weights, as a file
//   weights read FILE        loads FILE (strict), prints the network's output for a fixed input
//   weights read_block FILE  the same, from a file whose names begin with "net.module."
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/weights.hpp>

using namespace tessera;

// PyTorch: nn.Sequential(OrderedDict(enc=nn.Sequential(Conv2d, BatchNorm2d, ReLU), head=Conv2d))
using Net = Network<Input<6, 5, 3>,
                    Named<"enc", Conv2d<3, 4, kernel(3).stride(2).same()>, BatchNorm2d<4>, ReLU>,
                    Named<"head", Conv2d<4, 2, kernel(1)>>>;

int main(int argc, char** argv) {
  const std::string verb = argc == 3 ? argv[1] : "";
  try {
    Model<Net> model(Seed{5});
    if (verb == "save") {
      for (const NamedTensor& t : model.tensors()) {  // k / 64 - 1, in the file's order
        std::vector<float> values(static_cast<std::size_t>(t.dims.count()));
        for (std::size_t k = 0; k < values.size(); ++k)
          values[k] = static_cast<float>(k) / 64 - (t.role == Role::trained ? 1 : -1);
        if (t.role == Role::counter) model.set_counter(t.name, (std::int64_t{1} << 24) + 1);
        else model.set(t.name, values);
      }
      model.save(argv[2], {{"tessera.system", "interchange"}});
    } else if (verb == "read" || verb == "read_block") {
      model.load(argv[2], verb == "read" ? LoadOptions{} : LoadOptions{.prefix = "net.module."});
    } else {
      std::fprintf(stderr, "usage: weights save|read|read_block FILE\n");
      return 2;
    }
    auto pass = model.pass({.batch = 1, .mode = Mode::evaluate, .gradients = false});
    for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)  // [1, H, W, C]
      pass.input().data[i] = static_cast<float>(i % 17) / 8 - 1;
    pass.forward();
    for (std::ptrdiff_t i = 0; i < pass.output().size(); ++i)
      std::printf("%.9g\n", static_cast<double>(pass.output().data[i]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weights: %s\n", error.what());
    return 1;
  }
  return 0;
}
