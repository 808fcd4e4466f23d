// SPDX-License-Identifier: BSD-3-Clause
// A cache on disk from keys to values, both any bytes: one file an entry, in a directory that only
// this user can write to. What it returns was stored under exactly that key; everything else
// (missing, damaged, from another version) counts as not there and is made anew by the caller.
#pragma once
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/io/file.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

namespace detail {

using Digest = std::array<std::uint64_t, 2>;

/// 128 bits from bytes, continuing `start`. Every step can be undone, so one changed word always
/// shows. No defence against forgery: the directory's mode is.
inline Digest digest(std::string_view bytes, Digest start = {1, 2}) {
  const auto add = [&start](std::uint64_t word) {
    for (std::uint64_t& half : start) half = mix(half, word);
  };
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
    add(word);
  }
  add(bytes.size());
  return start;
}

/// Whether it exists and nobody but this user can write to it.
inline bool is_private(const std::filesystem::path& path) {
  struct ::stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid() &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Makes what is missing of a path of directories, each with mode 0700, as far as it can.
inline void make_private_directory(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno != ENOENT || !path.has_parent_path()) return;
  make_private_directory(path.parent_path());
  ::mkdir(path.c_str(), 0700);
}

}  // namespace detail

/// The files are named by 32 hexadecimal digits of their key's hash and have mode 0600. Threads and
/// processes may share a directory: a reader sees an old entry or a new one, whole. Entries are
/// never removed; the user may delete any of them at any time.
class DiskCache {
 public:
  /// The directory is made, mode 0700, by the first store. One of another owner, or that group or
  /// others may write to, is not used. Empty: nothing is stored and nothing found.
  explicit DiskCache(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// $TESSERA_CACHE_DIR, else $XDG_CACHE_HOME/tessera, else $HOME/.cache/tessera (these two where
  /// absolute); empty, so no caching, if there is none or TESSERA_CACHE_DIR is set but empty.
  static std::filesystem::path standard_directory() {
    if (const char* own = std::getenv("TESSERA_CACHE_DIR")) return own;
    for (const auto& [variable, below] :
         {std::pair{"XDG_CACHE_HOME", "tessera"}, std::pair{"HOME", ".cache/tessera"}}) {
      const char* value = std::getenv(variable);
      const std::filesystem::path base = value ? value : "";
      if (base.is_absolute()) return base / below;
    }
    return {};
  }

  /// The value stored under `key`; nothing if there is none or its file is not intact. Errors: none
  /// but for lack of memory.
  std::optional<std::string> find(std::string_view key) const {
    if (directory_.empty() || !detail::is_private(directory_)) return std::nullopt;
    const auto path = path_of(key);
    if (!detail::is_private(path)) return std::nullopt;
    try {
      const InputFile file(path);
      Header header;
      if (file.size() < sizeof header) return std::nullopt;
      file.read_at(0, std::as_writable_bytes(std::span(&header, 1)));
      const std::uint64_t content = file.size() - sizeof header;
      if (header.magic != magic || header.key_bytes != key.size() || key.size() > content ||
          header.value_bytes != content - key.size())
        return std::nullopt;
      std::string stored_key(key.size(), '\0');
      file.read_at(sizeof header, std::as_writable_bytes(std::span(stored_key)));
      if (stored_key != key) return std::nullopt;
      std::string value(static_cast<std::size_t>(header.value_bytes), '\0');
      file.read_at(sizeof header + key.size(), std::as_writable_bytes(std::span(value)));
      if (checksum(key, value) != header.checksum) return std::nullopt;
      return value;
    } catch (const FileError&) {
      return std::nullopt;
    }
  }

  /// Keeps `value` under `key`, in place of what was there. Does nothing where it cannot: a full or
  /// unwritable disk costs time later, never the caller's work.
  void store(std::string_view key, std::string_view value) const {
    if (directory_.empty()) return;
    detail::make_private_directory(directory_);
    if (!detail::is_private(directory_)) return;
    const auto path = path_of(key);
    // A replaced file would keep its mode: one that others may write to has to go first.
    if (!detail::is_private(path)) ::unlink(path.c_str());
    const Header header{magic, key.size(), value.size(), checksum(key, value)};
    try {
      write_file_atomically(path,
                            {std::as_bytes(std::span(&header, 1)), bytes_of(key), bytes_of(value)},
                            NewFile::owner_only);
    } catch (const FileError&) {  // The next program makes the value anew.
    }
  }

 private:
  /// The beginning of a file, in this machine's byte order; key and value follow.
  struct Header {
    std::array<char, 8> magic;
    std::uint64_t key_bytes, value_bytes;
    detail::Digest checksum;
  };
  static constexpr std::array<char, 8> magic{'t', 'e', 's', 's', 'e', 'r', 'a', '1'};

  static detail::Digest checksum(std::string_view key, std::string_view value) {
    return detail::digest(value, detail::digest(key));
  }

  std::filesystem::path path_of(std::string_view key) const {
    std::string name;
    for (const std::uint64_t half : detail::digest(key))
      for (int shift = 60; shift >= 0; shift -= 4) name += "0123456789abcdef"[half >> shift & 15];
    return directory_ / name;
  }

  std::filesystem::path directory_;
};

}  // namespace tessera::cuda
