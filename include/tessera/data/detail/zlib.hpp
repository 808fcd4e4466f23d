// SPDX-License-Identifier: BSD-3-Clause
// What PNG files need of zlib: packing, unpacking within a limit, and the checksum of a chunk.
#pragma once
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

namespace tessera::detail {

/// `data` as a zlib stream (RFC 1950). Errors: std::bad_alloc
inline std::vector<std::byte> zlib_compress(std::span<const std::byte> data) {
  auto size = ::compressBound(data.size());
  std::vector<std::byte> out(size);
  if (::compress(reinterpret_cast<::Bytef*>(out.data()), &size,
                 reinterpret_cast<const ::Bytef*>(data.data()), data.size()) != Z_OK)
    throw std::bad_alloc();  // the one cause: the bound is never too small
  out.resize(size);
  return out;
}

/// What the zlib stream `data` holds; empty if it is damaged, ends early, or holds nothing or more
/// than `limit` bytes: no more than that is ever unpacked.
inline std::vector<std::byte> zlib_expand(std::span<const std::byte> data, std::size_t limit) {
  std::vector<std::byte> out;
  for (std::size_t room = std::min(limit, 4 * data.size() + 1024);;
       room = std::min(limit, 4 * room)) {
    out.resize(room);
    ::uLongf size = room;
    const int result = ::uncompress(reinterpret_cast<::Bytef*>(out.data()), &size,
                                    reinterpret_cast<const ::Bytef*>(data.data()), data.size());
    if (result == Z_BUF_ERROR && size == room && room < limit) continue;
    out.resize(result == Z_OK ? size : 0);
    return out;
  }
}

/// The CRC-32 of PNG over `bytes`, continued from `crc` (0 to begin).
inline std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t crc = 0) {
  return static_cast<std::uint32_t>(
      ::crc32_z(crc, reinterpret_cast<const ::Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace tessera::detail
