// SPDX-License-Identifier: BSD-3-Clause
// What a file looks like by its first bytes, where another kind of file was expected: only for
// messages.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <tessera/io/json.hpp>

namespace tessera::detail {

/// A name for messages, with what helps where that is known; empty if the bytes say nothing.
/// `start`: the first 512 bytes, or all of a shorter file.
inline std::string_view kind_of_file(std::span<const std::byte> start) {
  using namespace std::string_view_literals;
  struct Known {
    std::size_t at;
    std::string_view bytes, name;
  };
  constexpr std::string_view pickle =
      "a Python pickle, as PyTorch saves it (.pth, .pt); docs/weights.md says how to convert it";
  static constexpr std::array known{
      Known{0, "PK\x03\x04"sv,
            "a zip archive, as PyTorch saves it (.pth, .pt); docs/weights.md says how to convert "
            "it"},
      Known{0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file, as Keras saves it (.h5)"},
      Known{0, "\x93NUMPY"sv, "a NumPy array (.npy)"},
      Known{0, "GGUF"sv, "a GGUF file"},
      Known{4, "TFL3"sv, "a TensorFlow Lite model"},
      Known{0, "\xFF\xD8\xFF"sv, "a JPEG image"},
      Known{0, "\x89PNG\r\n\x1a\n"sv, "a PNG image"},
      Known{0, "GIF8"sv, "a GIF image"},
      Known{8, "WEBP"sv, "a WebP image"},
      Known{4, "ftyp"sv, "an image or film in an ISO container, such as HEIC, AVIF or MP4"},
      Known{0, "II*\0"sv, "a TIFF image"},
      Known{0, "MM\0*"sv, "a TIFF image"},
      Known{0, "%PDF"sv, "a PDF document"},
      Known{0, "\x1F\x8B"sv, "a gzip archive; unpack it first"},
      Known{0, "BZh"sv, "a bzip2 archive; unpack it first"},
      Known{0, "\xFD\x37zXZ"sv, "an xz archive; unpack it first"},
      Known{0, "\x28\xB5\x2F\xFD"sv, "a zstd archive; unpack it first"},
      Known{0, "7z\xBC\xAF\x27\x1C"sv, "a 7z archive; unpack it first"},
      Known{0, "Rar!\x1A\x07"sv, "a RAR archive; unpack it first"},
      Known{257, "ustar"sv, "a tar archive; unpack it first"},
      Known{0,
            "\x7F"
            "ELF"sv,
            "a program"},
      Known{0, "version https://git-lfs"sv,
            "a Git LFS pointer, not the file itself; fetch it with git lfs pull"},
  };
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  for (const Known& k : known)
    if (text.size() > k.at && text.substr(k.at).starts_with(k.bytes)) return k.name;
  // A BMP says its size, which need not be right, then four bytes that are 0.
  if (text.starts_with("BM") && text.size() >= 14 && text.substr(6, 4) == "\0\0\0\0"sv)
    return "a BMP image";
  if (text.size() >= 8 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5 &&
      text.substr(2, 6) != "\0\0\0\0\0\0"sv)
    return pickle;
  if (text.size() < 8) return "";
  for (std::string_view left = text; !left.empty();) {
    const std::size_t length = utf8_length(left);
    if (length == 0 && left.size() < 4 && text.size() == 512) break;  // cut in a character
    const char c = left[0];
    if (length == 0 || c == 0x7F || (c >= 0 && c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
      return "";
    left.remove_prefix(length);
  }
  const std::size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == text.npos) return "text";
  if (text[first] == '<') return "a web page or XML";
  if (text[first] == '{' || text[first] == '[') return "JSON or other text";
  return "text";
}

}  // namespace tessera::detail
