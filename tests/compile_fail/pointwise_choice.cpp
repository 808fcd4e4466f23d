// SPDX-License-Identifier: BSD-3-Clause
// A pointwise text sees vectors: a choice by ?: would take one way for all of their elements.
// clang-format off
// EXPECT-GCC: tessera: a pointwise text works on vectors: write select[(]condition, a, b[)] instead of [?]: or if
// EXPECT-CLANG: tessera: a pointwise text works on vectors: write select[(]condition, a, b[)] instead of [?]: or if
// clang-format on
#include <tessera/layers/pointwise.hpp>
#include <tessera/network/model.hpp>

using namespace tessera;

// clang-format off
TESSERA_POINTWISE(BySelect,
  template <class T> T forward(T x) const { return select(x > T(0), x, T(0)); }
  template <class T> T derivative(T, T y) const { return select(y > T(0), T(1), T(0)); })
TESSERA_POINTWISE(ByTernary,
  template <class T> T forward(T x) const { return x > T(0) ? x : T(0); }
  template <class T> T derivative(T, T y) const { return y > T(0) ? T(1) : T(0); })
// clang-format on

static_assert(output_shape<Network<Input<8, 8, 3>, BySelect>> == Shape{8, 8, 3});
#ifdef TESSERA_EXPECT_FAIL
static_assert(output_shape<Network<Input<8, 8, 3>, ByTernary>> == Shape{8, 8, 3});
#endif
