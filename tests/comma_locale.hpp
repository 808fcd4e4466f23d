// SPDX-License-Identifier: BSD-3-Clause
// The program's locale with a comma as its decimal point and a dot between thousands, for a while:
// what a GUI toolkit sets by setlocale(LC_ALL, "") on a German desktop. Made here in glibc's format,
// as no such locale need be installed.
#pragma once
#include <array>
#include <clocale>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <locale>
#include <span>
#include <stdexcept>
#include <string>

#include "environment_variable.hpp"
#include "temporary_folder.hpp"

namespace tessera::testing {

class CommaLocale {
 public:
  CommaLocale() : path_("LOCPATH", folder_.path().c_str()), old_(std::locale()) {
    std::filesystem::create_directories(folder_ / "comma");
    // A magic number, six offsets, the items: point, separator, groups of three, both again as wide
    // characters, the character set.
    struct Numeric {
      std::uint32_t magic = 0x20031115 ^ LC_NUMERIC, count = 6;
      std::array<std::uint32_t, 6> offsets{32, 34, 36, 40, 44, 48};
      char point[2] = {',', 0}, separator[2] = {'.', 0}, groups[4] = {3, 3, 0, 0};
      std::uint32_t wide_point = ',', wide_separator = '.';
      char characters[8] = "UTF-8";
    };
    static_assert(sizeof(Numeric) == 56);
    const Numeric numeric;
    std::ofstream(folder_ / "comma/LC_NUMERIC", std::ios::binary)
        .write(reinterpret_cast<const char*>(&numeric), sizeof numeric);
    if (!std::setlocale(LC_NUMERIC, "comma")) throw std::runtime_error("setlocale failed");
    std::locale::global(std::locale(std::locale::classic(), new Punctuation));
    std::setlocale(LC_NUMERIC, "comma");
    char text[16];
    std::snprintf(text, sizeof text, "%.1f", 1.5);
    if (std::strcmp(text, "1,5") != 0) throw std::runtime_error("the comma locale has no effect");
  }
  CommaLocale(const CommaLocale&) = delete;
  CommaLocale& operator=(const CommaLocale&) = delete;
  ~CommaLocale() {
    std::locale::global(old_);
    std::setlocale(LC_NUMERIC, "C");
  }

 private:
  struct Punctuation : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  TemporaryFolder folder_;
  EnvironmentVariable path_;
  std::locale old_;
};

}  // namespace tessera::testing
