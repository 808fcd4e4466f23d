// SPDX-License-Identifier: BSD-3-Clause
// Safetensors: round trip, exact bytes, and one malformed file for each rule of the format.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <tessera/io/safetensors.hpp>

#include "../temporary_folder.hpp"

using tessera::SafetensorsFile;
using tessera::SafetensorsWriter;
using tessera::testing::TemporaryFolder;

namespace {

using Shape64 = std::vector<std::int64_t>;

std::string length_bytes(std::uint64_t n) {
  std::string out(8, '\0');
  std::memcpy(out.data(), &n, 8);
  return out;
}
std::string file_text(const std::string& header, std::size_t data_size) {
  return length_bytes(header.size()) + header + std::string(data_size, 'x');
}

/// Opens `content` as a file and checks that it is refused with exactly this sentence.
void check_refused(const std::string& content, const std::string& sentence) {
  const TemporaryFolder folder;
  const auto path = folder / "bad.safetensors";
  tessera::write_file_atomically(path, content);
  CHECK_THROWS_WITH_AS(SafetensorsFile{path},
                       (path.string() + ": safetensors: " + sentence).c_str(), tessera::FileError);
}
void check_header_refused(const std::string& header, std::size_t data_size,
                          const std::string& sentence) {
  check_refused(file_text(header, data_size), sentence);
}
bool accepted(const std::string& content) {
  const TemporaryFolder folder;
  tessera::write_file_atomically(folder / "good.safetensors", content);
  try {
    SafetensorsFile{folder / "good.safetensors"};
    return true;
  } catch (const tessera::Error& error) {
    MESSAGE(error.what());
    return false;
  }
}

}  // namespace

TEST_CASE("safetensors: round trip of values, shapes, names and metadata") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> weight{1, -2.5f, 0.1f, 1e-45f, std::numeric_limits<float>::max(), nan};
  const std::vector<std::int64_t> steps{std::numeric_limits<std::int64_t>::min()};
  const std::vector<double> mean{0.1, 0.2};
  const std::vector<std::uint8_t> bytes{0, 255, 7};
  SafetensorsWriter writer;
  writer.metadata("format", "pt");
  writer.metadata("note", "\"quoted\"\n\xE2\x82\xAC");
  writer.add("enc1.conv.weight", {2, 1, 3}, weight);
  writer.add("steps", {}, steps);
  writer.add("mean", {2}, mean);
  writer.add("odd \"name\"\\", {3, 1}, bytes);
  writer.add("empty", {0, 4}, std::span<const float>());
  writer.save(path);

  const SafetensorsFile file(path);
  REQUIRE(file.entries().size() == 5);
  CHECK(file.entries()[0].name == "enc1.conv.weight");  // the order of the calls
  CHECK(file.entries()[4].name == "empty");
  CHECK(file.metadata().size() == 2);
  CHECK(file.metadata().at("note") == "\"quoted\"\n\xE2\x82\xAC");
  CHECK(file.entry("enc1.conv.weight").shape == Shape64{2, 1, 3});
  CHECK(file.entry("steps").shape.empty());
  CHECK(file.entry("odd \"name\"\\").dtype == "U8");
  const auto read = file.read_f32("enc1.conv.weight");
  CHECK(std::memcmp(read.data(), weight.data(), sizeof(float) * 6) == 0);
  CHECK(file.read_i64("steps") == steps);
  CHECK(file.read_f64("mean") == mean);
  CHECK(file.read_bytes("odd \"name\"\\")[1] == std::byte{255});
  CHECK(file.read_f32("empty").empty());
  for (const auto& entry : file.entries())  // aligned, whatever the order of the calls
    CHECK(8 * entry.begin % tessera::safetensors_dtype_bits(entry.dtype) == 0);
  std::vector<float> into(6);
  file.read_f32("enc1.conv.weight", into);
  CHECK(into[1] == -2.5f);
}

TEST_CASE("safetensors: the bytes of a file are fixed") {
  const TemporaryFolder folder;
  const std::vector<float> one{1};
  SafetensorsWriter writer;
  writer.metadata("b", "2");
  writer.metadata("a", "1");
  writer.add("w", {1}, one);
  writer.save(folder / "a");
  const std::string header =
      R"({"__metadata__":{"a":"1","b":"2"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} )";
  CHECK(header.size() % 8 == 0);
  const auto bytes = tessera::read_file(folder / "a", 1000);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  CHECK(text == length_bytes(header.size()) + header + std::string("\0\0\x80\x3f", 4));
}

TEST_CASE("safetensors: a file without tensors") {
  const TemporaryFolder folder;
  SafetensorsWriter().save(folder / "none");
  CHECK(SafetensorsFile(folder / "none").entries().empty());
}

TEST_CASE("safetensors: asking for what is not there") {
  const TemporaryFolder folder;
  const std::vector<float> w{1, 2};
  SafetensorsWriter writer;
  writer.add("w", {2}, w);
  writer.save(folder / "a");
  const SafetensorsFile file(folder / "a");
  const std::string start = (folder / "a").string() + ": safetensors: ";
  CHECK(file.find("v") == nullptr);
  CHECK_THROWS_WITH_AS(file.read_f32("v"),
                       (start + "expected a tensor 'v', got none of that name").c_str(),
                       tessera::FileError);
  CHECK_THROWS_WITH_AS(file.read_i64("w"),
                       (start + "tensor 'w': dtype: expected I64, got F32").c_str(),
                       tessera::FileError);
  std::vector<float> three(3);
  CHECK_THROWS_WITH_AS(file.read_f32("w", three),
                       (start + "tensor 'w': expected 3 values, got 2 of shape [2]").c_str(),
                       tessera::FileError);
}

TEST_CASE("safetensors: what the writer refuses") {
  const std::vector<float> w{1, 2};
  SafetensorsWriter writer;
  writer.add("w", {2}, w);
  CHECK_THROWS_WITH_AS(writer.add("w", {2}, w),
                       "SafetensorsWriter: tensor 'w': the name is used twice",
                       tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(writer.add("v", {3}, w),
                       "SafetensorsWriter: tensor 'v': expected a shape of 2 values, got [3]",
                       tessera::ShapeError);
  CHECK_THROWS_AS(writer.add("v", {-1, -2}, w), tessera::ShapeError);
  CHECK_THROWS_AS(writer.add("v", {1, 1, 1, 1, 1, 1, 1, 1, 2}, w), tessera::ShapeError);
  CHECK_THROWS_AS(writer.add("", {2}, w), tessera::ArgumentError);
  CHECK_THROWS_AS(writer.add("__metadata__", {2}, w), tessera::ArgumentError);
  CHECK_THROWS_AS(writer.add(std::string(1025, 'n'), {2}, w), tessera::ArgumentError);
  CHECK_THROWS_AS(writer.add_bytes("v", "F3", {0}, {}), tessera::ArgumentError);
  writer.add("\xFF", {2}, w);
  const TemporaryFolder folder;
  CHECK_THROWS_AS(writer.save(folder / "a"), tessera::ArgumentError);
  CHECK_FALSE(std::filesystem::exists(folder / "a"));
}

TEST_CASE("safetensors: malformed lengths") {
  check_refused("", "expected at least 8 bytes, got 0");
  check_refused("1234567", "expected at least 8 bytes, got 7");
  check_refused(length_bytes(3) + "{}",
                "header length: expected at most the 2 bytes that follow, got 3");
  check_refused(length_bytes(~std::uint64_t{0}) + "{}",
                "header length: expected at most 104857600 bytes, got 18446744073709551615");
  check_refused(length_bytes(104857601) + "{}",
                "header length: expected at most 104857600 bytes, got 104857601");
  check_refused(length_bytes(0), "header: expected '{' at byte 0, got an empty header");
}

TEST_CASE("safetensors: malformed JSON") {
  check_header_refused(" {}", 0, "header: expected '{' at byte 0, got ' '");
  check_header_refused("[]", 0, "header: expected '{' at byte 0, got '['");
  check_header_refused("{", 0, "header: expected JSON in UTF-8, got something else at byte 1");
  check_header_refused("{} {}", 0, "header: expected JSON in UTF-8, got something else at byte 3");
  check_header_refused("{\"\xFF\":1}", 0,
                       "header: expected JSON in UTF-8, got something else at byte 2");
  check_header_refused(std::string("{}\0", 3), 0,
                       "header: expected JSON in UTF-8, got a zero byte at byte 2");
  check_header_refused(std::string("{}\0{\"hidden\":1}", 15), 0,
                       "header: expected JSON in UTF-8, got a zero byte at byte 2");
  // Deep nesting stops at the first level that the format does not have.
  std::string deep = "{\"a\":";
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  check_header_refused(deep, 0,
                       "header: tensor 'a': expected dtype, shape and data_offsets, got 'a'");
  check_header_refused("{\"a\":" + std::string(100'000, '['), 0,
                       "header: tensor 'a': expected an object, got an array");
  check_header_refused("{\"a\":{\"shape\":" + std::string(100'000, '['), 0,
                       "header: tensor 'a': shape: expected whole numbers from 0 on, got an array");
}

TEST_CASE("safetensors: malformed members") {
  const auto member = [](const std::string& fields) { return "{\"a\":{" + fields + "}}"; };
  const std::string good = R"("dtype":"F32","shape":[1],"data_offsets":[0,4])";
  CHECK(accepted(file_text(member(good), 4)));
  CHECK(accepted(file_text(R"({"a":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}}   )", 4)));

  check_header_refused(R"({"a":1})", 0, "header: tensor 'a': expected an object, got a number");
  check_header_refused(R"({"a":null})", 0, "header: tensor 'a': expected an object, got null");
  check_header_refused(member(good).substr(0, member(good).size() - 1) + ",\"a\":{" + good + "}}",
                       4, "header: the name 'a' is used twice");
  check_header_refused(member(good).substr(0, member(good).size() - 1) + ",\"\\u0061\":{}}", 4,
                       "header: the name 'a' is used twice");
  check_header_refused("{\"" + std::string(1025, 'n') + "\":{}}", 0,
                       "header: a tensor's name is too long: expected at most 1024 bytes, "
                       "got 1025");
  check_header_refused(member(good + R"(,"shape":[1])"), 4,
                       "header: tensor 'a': 'shape' is given twice");
  check_header_refused(member(good + R"(,"strides":[1])"), 4,
                       "header: tensor 'a': expected dtype, shape and data_offsets, got 'strides'");
  check_header_refused(member(R"("dtype":"F32","shape":[1])"), 4,
                       "header: tensor 'a': expected data_offsets, got none");
  check_header_refused(member(""), 4, "header: tensor 'a': expected dtype, got none");
  check_header_refused(member(R"("dtype":32)"), 4,
                       "header: tensor 'a': dtype: expected a string, got a number");
  check_header_refused(member(R"("dtype":["F32"])"), 4,
                       "header: tensor 'a': dtype: expected a string, got an array");
  check_header_refused(member(R"("shape":"1")"), 4,
                       "header: tensor 'a': shape: expected an array of numbers, got a string");
  check_header_refused(member(R"("shape":[-1])"), 4,
                       "header: tensor 'a': shape: expected whole numbers from 0 on, "
                       "got the number -1");
  check_header_refused(member(R"("shape":[1.0])"), 4,
                       "header: tensor 'a': shape: expected whole numbers from 0 on, "
                       "got the number '1.0'");
  check_header_refused(member(R"("shape":[18446744073709551616])"), 4,
                       "header: tensor 'a': shape: expected whole numbers from 0 on, "
                       "got the number '18446744073709551616'");
  check_header_refused(member(R"("shape":[true])"), 4,
                       "header: tensor 'a': shape: expected whole numbers from 0 on, "
                       "got true or false");
  check_header_refused(member(R"("shape":[9223372036854775808])"), 4,
                       "header: tensor 'a': shape: expected numbers below 2^63, "
                       "got 9223372036854775808");
  check_header_refused(member(R"("shape":[1,1,1,1,1,1,1,1,1])"), 4,
                       "header: tensor 'a': shape: expected at most 8 dimensions, got more");
  check_header_refused(member(R"("data_offsets":[0])"), 4,
                       "header: tensor 'a': data_offsets: expected 2 numbers, got 1");
  check_header_refused(member(R"("data_offsets":[0,4,8])"), 4,
                       "header: tensor 'a': data_offsets: expected 2 numbers, got more");
  check_header_refused("{\"\x1b[31m\":1}", 0,  // raw control bytes are not JSON
                       "header: expected JSON in UTF-8, got something else at byte 2");
  check_header_refused("{\"\\u001b[31m\":1}", 0,
                       "header: tensor '?[31m': expected an object, got a number");
}

TEST_CASE("safetensors: malformed metadata") {
  check_header_refused(R"({"__metadata__":"x"})", 0,
                       "header: metadata: expected an object, got a string");
  check_header_refused(R"({"__metadata__":{"a":1}})", 0,
                       "header: metadata: the value of 'a': expected a string, got a number");
  check_header_refused(R"({"__metadata__":{"a":{}}})", 0,
                       "header: metadata: the value of 'a': expected a string, got an object");
  check_header_refused(R"({"__metadata__":{"a":"1","a":"1"}})", 0,
                       "header: metadata: the key 'a' is used twice");
  check_header_refused(R"({"__metadata__":{},"__metadata__":{}})", 0,
                       "header: the name '__metadata__' is used twice");
}

TEST_CASE("safetensors: dtypes, sizes and offsets that do not fit") {
  const auto one = [](const char* dtype, const char* shape, const char* offsets) {
    return std::string(R"({"a":{"dtype":")") + dtype + R"(","shape":)" + shape +
           R"(,"data_offsets":)" + offsets + "}}";
  };
  check_header_refused(one("F31", "[1]", "[0,4]"), 4,
                       "tensor 'a': dtype: expected a known one such as F32, got 'F31'");
  check_header_refused(one("F32", "[4294967296,4294967296]", "[0,4]"), 4,
                       "tensor 'a': shape: expected a size below 2^63 bytes, "
                       "got [4294967296, 4294967296]");
  check_header_refused(one("F32", "[2305843009213693952]", "[0,0]"), 0,
                       "tensor 'a': shape: expected a size below 2^63 bytes, "
                       "got [2305843009213693952]");
  check_header_refused(one("F32", "[1]", "[4,0]"), 4,
                       "tensor 'a': data_offsets: expected begin <= end <= 4, got 4 and 0");
  check_header_refused(one("F32", "[2]", "[0,8]"), 4,
                       "tensor 'a': data_offsets: expected begin <= end <= 4, got 0 and 8");
  check_header_refused(one("F32", "[1]", "[18446744073709551612,18446744073709551615]"), 4,
                       "tensor 'a': data_offsets: expected begin <= end <= 4, "
                       "got 18446744073709551612 and 18446744073709551615");
  check_header_refused(one("F32", "[2]", "[0,4]"), 4,
                       "tensor 'a': data_offsets: expected 8 bytes for F32 [2], got 4");
  check_header_refused(one("F64", "[1]", "[0,4]"), 4,
                       "tensor 'a': data_offsets: expected 8 bytes for F64 [1], got 4");
  check_header_refused(one("F32", "[]", "[0,0]"), 0,
                       "tensor 'a': data_offsets: expected 4 bytes for F32 [], got 0");
  check_header_refused(one("F32", "[1]", "[0,4]"), 5, "data: expected 4 bytes, got 5");
  check_header_refused("{}", 1, "data: expected 0 bytes, got 1");
}

TEST_CASE("safetensors: every dtype of the reference implementation may stand in a file") {
  // name, elements, bytes of them; 8 elements fill whole bytes whatever their size
  const std::vector<std::pair<std::string, int>> bytes_of_8{
      {"F4", 4},   {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"BOOL", 8},    {"U8", 8},
      {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
      {"U16", 16}, {"I16", 16},    {"F16", 16},    {"BF16", 16},   {"F8_E5M2FNUZ", 8},
      {"U32", 32}, {"I32", 32},    {"F32", 32},    {"C64", 64},    {"U64", 64},
      {"I64", 64}, {"F64", 64}};
  const auto header = [](const std::string& dtype, const std::string& shape, int bytes) {
    return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[0,)" +
           std::to_string(bytes) + "]}}";
  };
  for (const auto& [dtype, bytes] : bytes_of_8) {
    CAPTURE(dtype);
    CHECK(accepted(file_text(header(dtype, "[2,4]", bytes), bytes)));
    CHECK(accepted(file_text(header(dtype, "[0]", 0), 0)));
    check_header_refused(header(dtype, "[2,4]", bytes - 1), bytes - 1,
                         ("tensor 'a': data_offsets: expected " + std::to_string(bytes) +
                          " bytes for " + dtype + " [2, 4], got " + std::to_string(bytes - 1))
                             .c_str());
  }
  CHECK(accepted(file_text(header("F4", "[2]", 1), 1)));
  CHECK(accepted(file_text(header("F6_E2M3", "[4]", 3), 3)));
  check_header_refused(header("F4", "[3]", 2), 2,
                       "tensor 'a': shape: expected values that fill whole bytes, got F4 [3]");
  check_header_refused(header("F6_E3M2", "[2]", 2), 2,
                       "tensor 'a': shape: expected values that fill whole bytes, "
                       "got F6_E3M2 [2]");
  check_header_refused(header("F4", "[]", 0), 0,
                       "tensor 'a': shape: expected values that fill whole bytes, got F4 []");
  check_header_refused(header("F4", "[4294967296,4294967296]", 1), 1,
                       "tensor 'a': shape: expected a size below 2^63 bytes, "
                       "got [4294967296, 4294967296]");

  const TemporaryFolder folder;  // and what is written is read
  tessera::SafetensorsWriter writer;
  const std::vector<std::byte> data(64, std::byte{7});
  for (const auto& [dtype, bytes] : bytes_of_8)
    writer.add_bytes(dtype, dtype, {8}, std::span(data).first(static_cast<std::size_t>(bytes)));
  writer.save(folder / "all");
  const SafetensorsFile file(folder / "all");
  for (const auto& [dtype, bytes] : bytes_of_8)
    CHECK(file.read_bytes(dtype).size() == static_cast<std::size_t>(bytes));
  CHECK_THROWS_AS(writer.add_bytes("odd", "F4", {3}, std::span(data).first(2)),
                  tessera::ShapeError);
}

TEST_CASE("safetensors: metadata may be null") {
  const TemporaryFolder folder;
  tessera::write_file_atomically(
      folder / "a",
      file_text(R"({"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1));
  const SafetensorsFile file(folder / "a");
  CHECK(file.metadata().empty());
  CHECK(file.entries().size() == 1);
  CHECK(accepted(file_text(R"({"__metadata__":null})", 0)));
  check_header_refused(R"({"__metadata__":{"a":null}})", 0,
                       "header: metadata: the value of 'a': expected a string, got null");
  check_header_refused(R"({"__metadata__":null,"__metadata__":null})", 0,
                       "header: the name '__metadata__' is used twice");
}

TEST_CASE("safetensors: files of other kinds are called by their names") {
  const TemporaryFolder folder;
  const auto kind = [&](std::string content) {
    const auto path = folder / "a";
    tessera::write_file_atomically(path, content);
    try {
      SafetensorsFile{path};
    } catch (const tessera::FileError& error) {
      const std::string text = error.what(), place = path.string() + ": not a safetensors file: ";
      return text.starts_with(place) ? text.substr(place.size()) : text;
    }
    return std::string("no error");
  };
  using namespace std::string_literals;
  const std::string rest(4000, '\x9A'), none(600, '\0');
  CHECK(kind("PK\x03\x04\0\0\b\b"s + rest) ==
        "it looks like a zip archive, as PyTorch saves it (.pth, .pt); docs/weights.md says how to "
        "convert it");
  for (const char protocol : {'\2', '\3', '\4', '\5'})
    CHECK(
        kind("\x80"s + protocol + "\x8A\nl\xFC\x9C" + rest) ==
        "it looks like a Python pickle, as PyTorch saves it (.pth, .pt); docs/weights.md says how "
        "to convert it");
  CHECK(kind("\x89HDF\r\n\x1a\n"s + rest) == "it looks like an HDF5 file, as Keras saves it (.h5)");
  CHECK(kind("\xFF\xD8\xFF\xE0\0\x10JFIF"s + rest) == "it looks like a JPEG image");
  CHECK(kind("\x89PNG\r\n\x1a\n"s + rest) == "it looks like a PNG image");
  CHECK(kind("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"s + rest) == "it looks like a BMP image");
  CHECK(kind("GIF89a"s + rest) == "it looks like a GIF image");
  CHECK(kind("RIFF\0\1\0\0WEBPVP8 "s + rest) == "it looks like a WebP image");
  CHECK(kind("II*\0\b\0\0\0"s + rest) == "it looks like a TIFF image");
  CHECK(kind("\x93NUMPY\1\0"s + rest) == "it looks like a NumPy array (.npy)");
  CHECK(kind("\x1F\x8B\b\0\0\0\0\0"s + rest) == "it looks like a gzip archive; unpack it first");
  CHECK(kind("folder/"s + std::string(250, '\0') + "ustar" + rest) ==
        "it looks like a tar archive; unpack it first");
  CHECK(kind("version https://git-lfs.github.com/spec/v1\n") ==
        "it looks like a Git LFS pointer, not the file itself; fetch it with git lfs pull");
  CHECK(kind("step,loss\n1,0.5\n2,0.25\n") == "it looks like text");
  CHECK(kind("Stra\xC3\x9F"
             "e und mehr") == "it looks like text");
  CHECK(kind("{\"layers\": [1, 2, 3]}\n") == "it looks like JSON or other text");
  CHECK(kind("<!DOCTYPE html><html></html>") == "it looks like a web page or XML");
  CHECK(kind(rest) == "expected 8 bytes of a length and then '{', got something else");
  // A damaged safetensors file is none of these: its own fault is said.
  CHECK(kind(length_bytes(0x02'80) + "{" + none).find("header length: ") != std::string::npos);
  CHECK(kind(length_bytes(90'000) + "{" + none).find("the 601 bytes that follow") !=
        std::string::npos);
  CHECK(kind(none).find("got an empty header") != std::string::npos);
}

TEST_CASE("safetensors: the data must be covered exactly once") {
  const auto two = [](const char* a, const char* b) {
    return std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)") + a +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + b + "}}";
  };
  CHECK(accepted(file_text(two("[0,4]", "[4,8]"), 8)));
  CHECK(accepted(file_text(two("[4,8]", "[0,4]"), 8)));
  check_header_refused(two("[0,4]", "[2,6]"), 6,
                       "tensor 'b': data_offsets overlap another tensor: expected begin 4, got 2");
  check_header_refused(two("[0,4]", "[0,4]"), 4,
                       "tensor 'b': data_offsets overlap another tensor: expected begin 4, got 0");
  check_header_refused(two("[0,4]", "[5,9]"), 9,
                       "tensor 'b': data_offsets leave a hole: expected begin 4, got 5");
  check_header_refused(two("[1,5]", "[5,9]"), 9,
                       "tensor 'a': data_offsets leave a hole: expected begin 0, got 1");
}

TEST_CASE("safetensors: a file cut at any byte is refused") {
  const TemporaryFolder folder;
  const auto path = folder / "a";
  const std::vector<float> w{1, 2, 3};
  SafetensorsWriter writer;
  writer.add("w", {3}, w);
  writer.save(path);
  for (auto size = std::filesystem::file_size(path); size-- > 0;) {
    std::filesystem::resize_file(path, size);
    CHECK_THROWS_AS(SafetensorsFile{path}, tessera::FileError);
  }
}

TEST_CASE("safetensors: any one byte changed is refused or gives a consistent file") {
  const TemporaryFolder folder;
  const std::vector<float> w{1, 2, 3};
  const std::vector<std::int64_t> n{5};
  SafetensorsWriter writer;
  writer.metadata("k", "v");
  writer.add("w", {3}, w);
  writer.add("n", {}, n);
  writer.save(folder / "a");
  const auto bytes = tessera::read_file(folder / "a", 1000);
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::size_t i = 0; i + 20 < text.size(); ++i)
    for (const char c : {'\0', '"', '0', '9', '{', ']', ',', '\xff'}) {
      std::string changed = text;
      changed[i] = c;
      std::FILE* out = std::fopen((folder / "b").c_str(), "wb");  // no fsync: many small files
      REQUIRE(out != nullptr);
      std::fwrite(changed.data(), 1, changed.size(), out);
      std::fclose(out);
      try {
        const SafetensorsFile file(folder / "b");
        for (const auto& entry : file.entries())
          CHECK(file.read_bytes(entry.name).size() == entry.end - entry.begin);
      } catch (const tessera::FileError&) {
      }
    }
}
