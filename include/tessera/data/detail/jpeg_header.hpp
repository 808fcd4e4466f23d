// SPDX-License-Identifier: BSD-3-Clause
// What a JPEG says about itself, checked before a decoder sees a byte (ITU-T T.81, annex B): that
// it is whole, of a kind that we read, and that each scan has the tables it needs.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/data/detail/exif.hpp>
#include <tessera/data/detail/image_format.hpp>

namespace tessera::detail {

/// An ICC profile in the parts that APP2 segments hold, in any order (ICC.1:2010, annex B.4).
class JpegProfile {
 public:
  /// `segment` is an APP2's content.
  void add(std::span<const std::byte> segment) {
    constexpr std::string_view title("ICC_PROFILE\0", 12);
    if (segment.size() < 14 || std::memcmp(segment.data(), title.data(), title.size()) != 0) return;
    const auto index = std::to_integer<std::size_t>(segment[12]);
    const auto count = std::to_integer<std::size_t>(segment[13]);
    if (parts_.empty()) parts_.resize(count);
    if (index < 1 || index > count || count != parts_.size() || !parts_[index - 1].empty())
      damaged_ = true;
    else parts_[index - 1] = segment.subspan(14);
  }
  /// The whole profile; empty if there is none, a part is missing or it is too large.
  std::vector<std::byte> bytes() const {
    std::vector<std::byte> out;
    for (const auto part : parts_) {
      if (damaged_ || part.empty() || part.size() > ImageMetadata::max_icc_profile - out.size())
        return {};
      out.insert(out.end(), part.begin(), part.end());
    }
    return out;
  }

 private:
  std::vector<std::span<const std::byte>> parts_;
  bool damaged_ = false;
};

/// Walks the markers of a JPEG up to the end-of-image marker.
class JpegHeaderReader {
 public:
  JpegHeaderReader(std::span<const std::byte> bytes, const std::string& name)
      : bytes_(bytes), number_(bytes, true), name_(name) {}

  ImageHeader read() {
    for (std::size_t at = 2;;) {
      // Coded pixels lie between a scan's header and the next marker: FF with neither 0 nor FF.
      while (at + 1 < bytes_.size() &&
             (bytes_[at] != std::byte{0xFF} || bytes_[at + 1] == std::byte{0} ||
              bytes_[at + 1] == std::byte{0xFF}))
        ++at;
      if (at + 1 >= bytes_.size())
        throw image_ends_early(name_, header_.format, "an end-of-image marker", bytes_.size());
      const std::uint32_t marker = number_.at(at + 1, 1);
      at += 2;
      if (marker == 0xD9) break;
      if (marker >= 0xD0 && marker <= 0xD7 && in_scan_) continue;  // restart, without content
      if (marker < 0xC0 || (marker >= 0xD0 && marker <= 0xD8))
        throw fail("damaged JPEG: an unexpected marker FF" + hexadecimal(marker) + " at byte " +
                   std::to_string(at - 2));
      const std::size_t length = number_.at(at, 2);
      if (length < 2 || !number_.holds(at, length))
        throw image_ends_early(
            name_, header_.format,
            "a segment of " + std::to_string(length) + " bytes at byte " + std::to_string(at),
            bytes_.size());
      read_segment(marker, at, at + length);
      in_scan_ = marker == 0xDA;
      at += length;
    }
    if (header_.width == 0 || !seen_scan_) throw fail("damaged JPEG: no frame or no scan in it");
    header_.metadata.icc_profile = profile_.bytes();
    if (!exif_.empty()) add_exif(header_.metadata, exif_);
    return header_;
  }

 private:
  struct Component {
    std::uint32_t id = 0, quantization = 0;
  };

  FileError fail(const std::string& what) const { return image_error(name_, what); }
  static std::string hexadecimal(std::uint32_t byte) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    return {digits[byte >> 4], digits[byte & 15]};
  }

  /// The segment behind `marker`: its length at `at`, its content up to `end`.
  void read_segment(std::uint32_t marker, std::size_t at, std::size_t end) {
    const auto content = bytes_.subspan(at + 2, end - at - 2);
    if (marker == 0xC4) {
      read_huffman_tables(at + 2, end);
    } else if (marker == 0xDB) {
      for (std::size_t table = at + 2; table < end;) {
        const std::uint32_t kind = number_.at(table, 1);
        quantization_ |= 1u << (kind & 15);
        table += kind >> 4 ? 129 : 65;
      }
    } else if (marker == 0xC8 || marker == 0xCC || marker == 0xDE || marker == 0xDF ||
               (marker >= 0xF0 && marker <= 0xFD)) {
      throw fail("damaged JPEG: an unexpected marker FF" + hexadecimal(marker) + " at byte " +
                 std::to_string(at - 2));
    } else if (marker >= 0xC0 && marker <= 0xCF) {
      read_frame(marker, at);
    } else if (marker == 0xDA) {
      check_scan(at);
      seen_scan_ = true;
    } else if (marker == 0xE0 && number_.at(at + 2, 4) == 0x4A464946 && end - at >= 14) {  // JFIF
      const double units[] = {0, 1 / 0.0254, 100};  // in a metre: none, inches, centimetres
      const std::uint32_t unit = number_.at(at + 9, 1);
      const std::uint32_t x = number_.at(at + 10, 2), y = number_.at(at + 12, 2);
      if (unit <= 2) header_.metadata.set_resolution(x * units[unit], y * units[unit]);
    } else if (marker == 0xE1 && exif_.empty() && number_.at(at + 2, 4) == 0x45786966) {
      exif_ = content;
    } else if (marker == 0xE2) {
      profile_.add(content);
    }
  }

  /// Class and index, 16 counts, the symbols counted; stb_image 2.27 writes past its own tables.
  void read_huffman_tables(std::size_t table, std::size_t end) {
    while (table < end) {
      std::size_t symbols = 0;
      for (std::size_t i = 1; i <= 16; ++i) symbols += number_.at(table + i, 1);
      if (symbols > 256 || end - table < 17 + symbols)
        throw fail("damaged JPEG: a Huffman table of " + std::to_string(symbols) +
                   " symbols at byte " + std::to_string(table));
      const std::uint32_t kind = number_.at(table, 1);
      (kind >> 4 == 0 ? dc_tables_ : ac_tables_) |= 1u << (kind & 15);
      table += 17 + symbols;
    }
  }

  void read_frame(std::uint32_t marker, std::size_t at) {
    if (marker > 0xC2)
      throw fail("expected a baseline or progressive JPEG, got coding process " +
                 std::to_string(marker - 0xC0) + " (lossless, hierarchical or arithmetic)");
    if (header_.width != 0) throw fail("damaged JPEG: two frame headers");
    const std::uint32_t precision = number_.at(at + 2, 1), components = number_.at(at + 7, 1);
    header_.height = number_.at(at + 3, 2);
    header_.width = number_.at(at + 5, 2);
    progressive_ = marker == 0xC2;
    if (precision != 8)
      throw fail("expected a JPEG of 8 bits a sample, got " + std::to_string(precision));
    if (components == 4)
      throw fail("expected a grey or colour JPEG, got 4 components (CMYK); save it as RGB");
    if (components != 1 && components != 3)
      throw fail("expected a JPEG of 1 or 3 components, got " + std::to_string(components));
    for (std::size_t i = 0; i < components; ++i)
      components_[i] = {number_.at(at + 8 + 3 * i, 1), number_.at(at + 10 + 3 * i, 1)};
  }

  /// A decoder takes a table that is not there for one of zeros: another picture.
  void check_scan(std::size_t at) const {
    const std::size_t count = std::min<std::size_t>(number_.at(at + 2, 1), 4);
    const std::uint32_t first = number_.at(at + 3 + 2 * count, 1);
    const bool refines = number_.at(at + 5 + 2 * count, 1) >> 4 != 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t id = number_.at(at + 3 + 2 * i, 1),
                          tables = number_.at(at + 4 + 2 * i, 1);
      if (!progressive_ || (first == 0 && !refines)) check_table("DC", dc_tables_, tables >> 4, at);
      if (!progressive_ || first != 0) check_table("AC", ac_tables_, tables & 15, at);
      for (const Component& component : components_)
        if (component.id == id && (quantization_ >> (component.quantization & 31) & 1) == 0)
          throw fail("damaged JPEG: the scan at byte " + std::to_string(at - 2) +
                     " needs quantization table " + std::to_string(component.quantization) +
                     ", which the file does not have");
    }
  }
  void check_table(const char* kind, std::uint32_t tables, std::uint32_t index,
                   std::size_t at) const {
    if ((tables >> index & 1) == 0)
      throw fail("damaged JPEG: the scan at byte " + std::to_string(at - 2) + " needs " + kind +
                 " Huffman table " + std::to_string(index) +
                 ", which the file does not have (single frames of Motion JPEG leave them out)");
  }

  std::span<const std::byte> bytes_;
  ByteReader number_;
  const std::string& name_;
  ImageHeader header_{ImageFormat::jpeg};
  std::span<const std::byte> exif_;
  JpegProfile profile_;
  std::array<Component, 3> components_{};
  std::uint32_t dc_tables_ = 0, ac_tables_ = 0, quantization_ = 0;  // a bit for each
  bool progressive_ = false, in_scan_ = false, seen_scan_ = false;
};

}  // namespace tessera::detail
