// SPDX-License-Identifier: BSD-3-Clause
// The last line of a program: escaping, shortest numbers, order; nlohmann-json as second opinion.
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>

#include <nlohmann/json.hpp>

#include <tessera/io/json.hpp>

using tessera::json_number;
using tessera::json_string;

TEST_CASE("json: numbers are the shortest text that reads back the same") {
  CHECK(json_number(0.1) == "0.1");
  CHECK(json_number(0.1f) == "0.1");
  CHECK(json_number(0.0023) == "0.0023");
  CHECK(json_number(1.0 / 3) == "0.3333333333333333");
  CHECK(json_number(5.0) == "5");
  CHECK(json_number(1e300) == "1e+300");
  CHECK(json_number(std::numeric_limits<double>::denorm_min()) == "5e-324");
  CHECK(json_number(-7) == "-7");
  CHECK(json_number(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(json_number(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(json_number(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(json_number(-std::numeric_limits<float>::infinity()) == "null");
}

TEST_CASE("json: texts are escaped") {
  CHECK(json_string("plain") == "\"plain\"");
  CHECK(json_string("a\"b\\c\n\t\x01\x1f\x7f") == R"("a\"b\\c\n\t\u0001\u001f\u007f")");
  CHECK(json_string(std::string_view("\0", 1)) == R"("\u0000")");
  CHECK(json_string("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
}

TEST_CASE("json: bytes that are not UTF-8 become U+FFFD") {
  const std::string replacement = "\xEF\xBF\xBD";
  CHECK(json_string("a\xFFz") == "\"a" + replacement + "z\"");
  CHECK(json_string("\xC3") == "\"" + replacement + "\"");
  CHECK(json_string("\xC0\x80") == "\"" + replacement + replacement + "\"");  // overlong
  for (const char* text : {"\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80",
                           "\xE2\x82", "\x80", "\xF5\x80\x80\x80", "\xE2\x28\xA1"})
    CHECK(nlohmann::json::accept(json_string(text)));
}

TEST_CASE("json: every pair of bytes gives valid JSON") {
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      const std::string text{static_cast<char>(a), static_cast<char>(b)};
      REQUIRE(nlohmann::json::accept(json_string(text)));
    }
}

TEST_CASE("json: a line keeps the order, and every value reads back") {
  tessera::JsonLine line;
  line.add("test_mse", 0.0023).add("epochs", 100).add("name", "net2").add("diverged", false);
  line.add("hole_mse", std::numeric_limits<double>::quiet_NaN()).add("out", std::string("a/\"b\""));
  CHECK(line.str() == R"({"test_mse": 0.0023, "epochs": 100, "name": "net2", )"
                      R"("diverged": false, "hole_mse": null, "out": "a/\"b\""})");
  const auto read = nlohmann::json::parse(line.str());
  CHECK(read["test_mse"] == 0.0023);
  CHECK(read["out"] == "a/\"b\"");
  CHECK(tessera::JsonLine().str() == "{}");
  CHECK_THROWS_WITH_AS(line.add("epochs", 1), "JsonLine: the name \"epochs\" is used twice",
                       tessera::ArgumentError);
}
