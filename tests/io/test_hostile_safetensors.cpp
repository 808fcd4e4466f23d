// SPDX-License-Identifier: BSD-3-Clause
// Malformed safetensors files, made field by field: each is refused in one sentence, and whatever
// the file says, memory stays within a few times its real size. test_safetensors.cpp has the
// sentences word by word.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <tessera/io/safetensors.hpp>

#include "../temporary_folder.hpp"
#include "allocation_peak.hpp"

using tessera::InputFile;
using tessera::SafetensorsFile;
using tessera::testing::peak_of;
using tessera::testing::TemporaryFolder;

namespace {

std::string file_text(const std::string& header, const std::string& data = "") {
  const std::uint64_t size = header.size();
  std::string text(8, '\0');
  std::memcpy(text.data(), &size, 8);
  return text + header + data;
}

/// Opens the bytes as a file and reads every tensor; the refusal, or nothing if all was read.
std::optional<std::string> refusal(const std::string& content) {
  std::optional<std::string> text;
  const std::size_t peak = peak_of([&] {
    try {
      const SafetensorsFile file(InputFile("memory", tessera::bytes_of(content)));
      std::size_t total = 0;
      for (const auto& entry : file.entries()) total += file.read_bytes(entry.name).size();
      CHECK(total <= content.size());
    } catch (const tessera::FileError& error) {
      text = error.what();
    }
  });
  CHECK(peak <= 16 * content.size() + 8192);
  if (text) {
    CHECK(text->starts_with("memory: safetensors: "));
    CHECK(text->size() < 600);
    bool printable = true;
    for (const char c : *text) printable &= c >= 0x20 && c < 0x7F;
    CHECK(printable);
  }
  return text;
}
bool refused(const std::string& header, const std::string& data = "") {
  return refusal(file_text(header, data)).has_value();
}

/// Two tensors, a scalar and metadata.
const std::string good_header =
    R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},)"
    R"("n":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})";
const std::string good_data(16, 'x');

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("hostile safetensors: every truncation, also with a header length that fits") {
  const std::string good = file_text(good_header, good_data);
  REQUIRE_FALSE(refusal(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(refusal(good.substr(0, size)));
    if (size < good_header.size()) CHECK(refused(good_header.substr(0, size), good_data));
  }
  CHECK(refusal(good + "x"));
}

TEST_CASE("hostile safetensors: every byte of the file replaced by every other") {
  const std::string good = file_text(good_header, good_data);
  int accepted = 0;
  for (std::size_t i = 0; i < 8 + good_header.size(); ++i)
    for (int value = 0; value < 256; ++value) {
      std::string changed = good;
      changed[i] = static_cast<char>(value);
      if (changed != good) accepted += !refusal(changed);
    }
  // Letters of names and metadata may change, and F32 may become I32 or U32: nothing else.
  CHECK(accepted > 0);
  CHECK(accepted < 1500);
}

TEST_CASE("hostile safetensors: header lengths up to 2^64") {
  const std::string good = file_text(good_header, good_data);
  const std::uint64_t true_length = good_header.size();
  for (int bit = 0; bit < 64; ++bit)
    for (const std::uint64_t change : {0, 1, 2, 7, 8, 9}) {
      for (const std::uint64_t length :
           {(std::uint64_t{1} << bit) + change, (std::uint64_t{1} << bit) - change,
            0 - ((std::uint64_t{1} << bit) + change)}) {
        if (length == true_length) continue;
        std::string changed = good;
        std::memcpy(changed.data(), &length, 8);
        CHECK(refusal(changed));
      }
    }
}

TEST_CASE("hostile safetensors: every number replaced by what is none, or far too large") {
  const std::array numbers{"-1",
                           "-0",
                           "-9223372036854775808",
                           "1.0",
                           "1e2",
                           "1e400",
                           "-1e400",
                           "0x10",
                           "01",
                           "+1",
                           "NaN",
                           "Infinity",
                           "null",
                           "true",
                           "\"4\"",
                           "[4]",
                           "{}",
                           "",
                           "4 4",
                           "4,",
                           "255",
                           "65536",
                           "2147483647",
                           "2147483648",
                           "4294967295",
                           "4294967296",
                           "1152921504606846976",
                           "2305843009213693952",
                           "4611686018427387904",
                           "9223372036854775807",
                           "9223372036854775808",
                           "18446744073709551608",
                           "18446744073709551615",
                           "18446744073709551616",
                           "99999999999999999999999999999999999999999999"};
  for (const std::string number : numbers) {
    CAPTURE(number);
    CHECK(refused(replaced(good_header, "[2,", "[" + number + ","), good_data));
    CHECK(refused(replaced(good_header, ",1]", "," + number + "]"), good_data));
    CHECK(refused(replaced(good_header, "[8,", "[" + number + ","), good_data));
    CHECK(refused(replaced(good_header, ",16]", "," + number + "]"), good_data));
    CHECK(refused(replaced(good_header, "[0,", "[" + number + ","), good_data));
    CHECK(refused(replaced(good_header, "\"shape\":[]", "\"shape\":" + number), good_data));
  }
  // Products that wrap around to the size that the offsets have.
  for (const char* const shape :
       {"[4294967296,4294967296]", "[9223372036854775807,2]", "[2305843009213693952,2]",
        "[2,4611686018427387905]", "[4611686018427387905,2]", "[65536,65536,65536,65536]"})
    CHECK(refused(replaced(good_header, "[2,1]", shape), good_data));
}

TEST_CASE("hostile safetensors: every pair of ranges; only an exact cover is accepted") {
  constexpr int size = 4;
  const auto entry = [](const char* name, int begin, int end) {
    return std::string("\"") + name + R"(":{"dtype":"U8","shape":[)" +
           std::to_string(std::max(end - begin, 0)) + R"(],"data_offsets":[)" +
           std::to_string(begin) + "," + std::to_string(end) + "]}";
  };
  for (int b1 = 0; b1 <= size + 1; ++b1)
    for (int e1 = 0; e1 <= size + 1; ++e1)
      for (int b2 = 0; b2 <= size + 1; ++b2)
        for (int e2 = 0; e2 <= size + 1; ++e2) {
          // The twin counts how often each byte is covered; an empty range may lie where two meet.
          std::array<int, size + 2> covered{};
          for (int i = b1; i < e1; ++i) ++covered[static_cast<std::size_t>(i)];
          for (int i = b2; i < e2; ++i) ++covered[static_cast<std::size_t>(i)];
          bool good = b1 <= e1 && b2 <= e2 && e1 <= size && e2 <= size;
          for (int i = 0; i < size + 2; ++i)
            good &= covered[static_cast<std::size_t>(i)] == (i < size ? 1 : 0);
          const auto splits = [](int b, int e, int at) { return at > b && at < e; };
          if (b1 == e1) good &= !splits(b2, e2, b1);
          if (b2 == e2) good &= !splits(b1, e1, b2);
          CAPTURE(b1);
          CAPTURE(e1);
          CAPTURE(b2);
          CAPTURE(e2);
          CHECK(refused("{" + entry("a", b1, e1) + "," + entry("b", b2, e2) + "}",
                        std::string(size, 'x')) != good);
        }
}

TEST_CASE("hostile safetensors: bytes that are no UTF-8, wherever a text may stand") {
  for (const std::string bad : {"\x80",
                                "\xBF",
                                "\xC0\x80",
                                "\xC1\xBF",
                                "\xC3",
                                "\xC3(",
                                "\xE0\x80\x80",
                                "\xE2\x82",
                                "\xED\xA0\x80",
                                "\xED\xBF\xBF",
                                "\xF0\x80\x80\x80",
                                "\xF4\x90\x80\x80",
                                "\xF5\x80\x80\x80",
                                "\xFE",
                                "\xFF",
                                "\x01",
                                "\x1F",
                                "\n",
                                "\\ud800",
                                "\\ud800\\u0041",
                                "\\udc00",
                                "\\u12",
                                "\\x41",
                                "\\"}) {
    CAPTURE(bad);
    CHECK(refused(replaced(good_header, "\"w\"", "\"w" + bad + "\""), good_data));
    CHECK(refused(replaced(good_header, "\"format\"", "\"" + bad + "\""), good_data));
    CHECK(refused(replaced(good_header, "\"pt\"", "\"" + bad + "\""), good_data));
    CHECK(refused(replaced(good_header, "F32", bad), good_data));
  }
  CHECK(refused("\xEF\xBB\xBF" + good_header, good_data));  // a byte order mark
  for (const char* const text : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\\ud83d\\ude00"})
    CHECK_FALSE(
        refused(replaced(good_header, "\"w\"", std::string("\"") + text + "\""), good_data));
}

TEST_CASE("hostile safetensors: zero bytes in names, as they are and escaped") {
  CHECK(refused(replaced(good_header, "\"w\"", std::string("\"w\0\"", 4)), good_data));
  CHECK(refusal(file_text(replaced(good_header, "\"w\"", "\"w\\u0000v\""), good_data)) ==
        "memory: safetensors: header: a tensor's name holds a zero byte: 'w?v'");
}

TEST_CASE("hostile safetensors: text that only some parsers take for JSON") {
  const std::string inside = good_header.substr(1, good_header.size() - 2);
  for (const std::string& header :
       {"{" + inside + ",}", "{," + inside + "}", "{/* */" + inside + "}", "{" + inside + "} //",
        "{" + inside + "}}", "{{" + inside + "}}", "[{" + inside + "}]", "{" + inside + "]",
        std::string("{'a':{}}"), std::string("{w:1}"), "{" + inside + "} null",
        "\t{" + inside + "}", std::string("{\"a\"}"), std::string("{\"a\":}"),
        std::string("{\"a\" 1}"), std::string("null"), std::string("\"\""), std::string("1")}) {
    CAPTURE(header);
    CHECK(refused(header, good_data));
  }
  CHECK_FALSE(refused("{ \n\t\r " + inside + " }  \n ", good_data));
}

TEST_CASE("hostile safetensors: nesting and counts without end") {
  const std::string many(1'000'000, '[');
  CHECK(refused("{\"a\":" + many));
  CHECK(refused("{\"__metadata__\":" + many));
  CHECK(refused("{\"__metadata__\":{\"k\":" + many));
  CHECK(refused("{\"a\":{\"dtype\":" + many));
  CHECK(refused("{\"a\":{\"data_offsets\":" + many));
  std::string zeros = R"({"a":{"dtype":"U8","shape":[0)";
  for (int i = 0; i < 100'000; ++i) zeros += ",0";
  CHECK(refused(zeros + R"(],"data_offsets":[0,0]}})"));
  std::string tensors = "{";
  for (int i = 0; i < 20'000; ++i)
    tensors += (i ? ",\"" : "\"") + std::to_string(i) +
               R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  CHECK_FALSE(refused(tensors + "}"));
}

TEST_CASE("hostile safetensors: what is no readable file") {
  const TemporaryFolder folder;
  const auto check = [](const std::filesystem::path& path, const std::string& sentence) {
    CHECK_THROWS_WITH_AS(SafetensorsFile{path}, (path.string() + ": " + sentence).c_str(),
                         tessera::FileError);
  };
  check(folder / "none", "cannot open: No such file or directory");
  check(folder.path(), "cannot read: Is a directory");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check(folder / "pipe", "cannot read: not a regular file");
  check("/dev/zero", "cannot read: not a regular file");
  check("/dev/null", "cannot read: not a regular file");
  std::filesystem::create_symlink("loop", folder / "loop");
  check(folder / "loop", "cannot open: Too many levels of symbolic links");
  check(folder / std::string(300, 'n'), "cannot open: File name too long");
  tessera::write_file_atomically(folder / "file", "x");
  check(folder / "file/inside", "cannot open: Not a directory");

  tessera::write_file_atomically(folder / "secret", file_text(good_header, good_data));
  REQUIRE(::chmod((folder / "secret").c_str(), 0) == 0);
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  const bool root = ::geteuid() == 0;  // whom permissions do not bind
  if (root) REQUIRE(::seteuid(65534) == 0);
  check(folder / "secret", "cannot open: Permission denied");
  if (root) REQUIRE(::seteuid(0) == 0);
}

TEST_CASE("hostile safetensors: a file that shrinks or is replaced while it is open") {
  const TemporaryFolder folder;
  const auto path = folder / "a";
  tessera::write_file_atomically(path, file_text(good_header, good_data));
  const SafetensorsFile file(path);
  std::filesystem::resize_file(path, 8 + good_header.size() + 12);
  CHECK(file.read_i64("n").size() == 1);
  CHECK_THROWS_WITH_AS(file.read_f32("w"),
                       doctest::Contains("the file shrank while it was read: expected"),
                       tessera::FileError);
  tessera::write_file_atomically(path, "another file");  // the open one is still the old one
  CHECK(file.read_i64("n").size() == 1);
}

TEST_CASE("hostile safetensors: a file of a terabyte without content takes no memory") {
  const TemporaryFolder folder;
  const auto path = folder / "sparse";
  const std::uint64_t data = std::uint64_t{1} << 40;
  const std::string header = R"({"w":{"dtype":"U8","shape":[)" + std::to_string(data) +
                             R"(],"data_offsets":[0,)" + std::to_string(data) + "]}}";
  tessera::write_file_atomically(path, file_text(header));
  std::error_code failed;
  std::filesystem::resize_file(path, 8 + header.size() + data, failed);
  if (failed) {
    MESSAGE("not tested: the file system has no sparse files of this size");
    return;
  }
  const std::size_t peak = peak_of([&] { CHECK(SafetensorsFile(path).entry("w").end == data); });
  CHECK(peak < 65536);
}
