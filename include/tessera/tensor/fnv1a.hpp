// SPDX-License-Identifier: BSD-3-Clause
// The hash FNV-1a: tells inputs apart that differ by accident, not by design.
#pragma once
#include <cstdint>
#include <string_view>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI {

/// FNV-1a of bytes, behind those that gave `hash`.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 0xCBF29CE484222325u) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

}  // namespace tessera
