// SPDX-License-Identifier: BSD-3-Clause
// What a call throws, as a text.
#pragma once
#include <string>

#include <tessera/tensor/error.hpp>

namespace tessera::testing {

/// The sentence of the error, or "no error".
std::string error_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace tessera::testing
