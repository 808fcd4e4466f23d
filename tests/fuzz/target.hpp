// SPDX-License-Identifier: BSD-3-Clause
// What every fuzz_*.cpp defines: one reader of the library fed with bytes, and inputs to start
// from. Anything that escapes from the reader but a tessera::Error is a finding, and so is a fault
// that a sanitizer sees. libFuzzer calls the reader (driver.cpp), and so does a plain test
// (replay.cpp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/tensor/error.hpp>

/// Reads `size` bytes as a file; returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Small well-formed inputs, made here: no binary file is part of the project.
std::vector<std::string> seeds();

namespace tessera::fuzz {

/// Runs `read`; a refusal by the library is fine, if it says something in one line.
template <class Read>
void expect_result_or_error(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    const std::string_view text = error.what();
    if (text.empty() || text.size() > 4096 || text.find('\n') != text.npos) __builtin_trap();
  }
}

/// The input as bytes for an InputFile in memory.
inline std::span<const std::byte> as_input(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

}  // namespace tessera::fuzz
