// SPDX-License-Identifier: BSD-3-Clause
// Where one-line texts are broken, and what has to stay whole.
#include <doctest/doctest.h>

#include <string>

#include <tessera/cuda/detail/line_breaks.hpp>

using tessera::cuda::with_line_breaks;

TEST_CASE("line breaks: behind ; { } and only outside of parentheses") {
  CHECK(with_line_breaks("int a = 1; struct S { int x; }; int b;") ==
        "int a = 1;\nstruct S {\nint x;\n}\n;\nint b;");
  CHECK(with_line_breaks("for (int i = 0; i < n; ++i) { f(i, [] { return 1; }); }") ==
        "for (int i = 0; i < n; ++i) {\nf(i, [] { return 1; });\n}");
  CHECK(with_line_breaks("for(;;){}") == "for(;;){\n}");
  CHECK(with_line_breaks(") a; b;") == ") a;\nb;");
  CHECK(with_line_breaks("a; \n b;\n") == "a;\n b;\n");
  CHECK(with_line_breaks("").empty());
}

TEST_CASE("line breaks: literals, numbers and comments stay whole") {
  CHECK(with_line_breaks(R"(a = "x;{\";"; b = ';'; c = '\''; d = u8'}';)") ==
        R"(a = "x;{\";";)"
        "\nb = ';';\nc = '\\'';\nd = u8'}';");
  CHECK(with_line_breaks("a = 1'000; b = 0x1'0; c = 2;") == "a = 1'000;\nb = 0x1'0;\nc = 2;");
  CHECK(with_line_breaks("a /* don't; {*/; b; // its; c\nd; e;") ==
        "a /* don't; {*/;\nb;\n// its; c\nd;\ne;");
  CHECK(with_line_breaks(R"text(a = R"x(;"{)x"; b = LR"(')"; c;)text") ==
        R"text(a = R"x(;"{)x";)text"
        "\n"
        R"text(b = LR"(')";)text"
        "\nc;");
  // What is never closed ends with its line, or with the text.
  CHECK(with_line_breaks("a = 'x; b;\nc; d;") == "a = 'x; b;\nc;\nd;");
  for (const std::string open : {"\"a;\\", "'", "/*;", "R\"", "R\"x", "R\"x(;", "#a; \\"})
    CHECK(with_line_breaks(open) == open);
}

TEST_CASE("line breaks: directives stay whole, with the lines a backslash adds") {
  CHECK(with_line_breaks("#line 1 \"a;b\"\nx; y;\n  #define F(a) { a; \\\n  b; }\nz; w;") ==
        "#line 1 \"a;b\"\nx;\ny;\n  #define F(a) { a; \\\n  b; }\nz;\nw;");
  // A parenthesis left open spoils the lines of its own text only.
  CHECK(with_line_breaks("f(a; b;\n#line 1 \"next\"\nc; d;") ==
        "f(a; b;\n#line 1 \"next\"\nc;\nd;");
}

TEST_CASE("line breaks: lines that are short enough stay as they are") {
  CHECK(with_line_breaks("a; b;\nc; d; e;\nf; g;\n", 5) == "a; b;\nc;\nd;\ne;\nf; g;\n");
  CHECK(with_line_breaks("/* x; y;\n z; */ a; b;\nc;", 4) == "/* x; y;\n z; */ a;\nb;\nc;");
}
