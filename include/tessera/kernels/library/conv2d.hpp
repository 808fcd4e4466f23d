// SPDX-License-Identifier: BSD-3-Clause
// The convolutions as a user of the compiled library calls them: the window is a number there.
#pragma once
#include <cstddef>

#include <tessera/kernels/cpu/conv_transpose2d_plan.hpp>
#include <tessera/kernels/library/kernel_list.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace library {
#define TESSERA_DECLARE(result, name, parameters, arguments) \
  template <class T>                                         \
  result name parameters;
TESSERA_CONVOLUTIONS(TESSERA_DECLARE)
#undef TESSERA_DECLARE
}  // namespace library

#define TESSERA_FORWARD(result, name, parameters, arguments) \
  template <int Kernel, int Stride, class T>                 \
  result name parameters {                                   \
    return library::name<T> arguments;                       \
  }
TESSERA_CONVOLUTIONS(TESSERA_FORWARD)
#undef TESSERA_FORWARD

}  // namespace tessera::kernels
