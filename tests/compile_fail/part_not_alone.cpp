// SPDX-License-Identifier: BSD-3-Clause
// A part whose layers have another block between them is no range of parameters.
// clang-format off
// EXPECT-GCC: tessera: part<Name> is one range of parameters, but layers of other names stand between those of this name
// EXPECT-CLANG: tessera: part<Name> is one range of parameters, but layers of other names stand between those of this name
// clang-format on
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/model.hpp>

using namespace tessera;

using Conv = Conv2d<any, 2, kernel(1)>;
using Net = Network<Input<3, 3, 2>, Named<"a.b", Conv>, Named<"x", Conv>, Named<"a.c", Conv>,
                    Named<"y.0", Conv>, Named<"y.1", Conv>>;

void parts(Model<Net>& model) {
  (void)model.part<"a.b">();
  (void)model.part<"a.c">();
  (void)model.part<"y">();
  (void)model.part<"">();
#ifdef TESSERA_EXPECT_FAIL
  (void)model.part<"a">();
#endif
}
