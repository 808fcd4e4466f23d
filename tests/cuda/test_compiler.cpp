// SPDX-License-Identifier: BSD-3-Clause
// The run-time compiler, which needs no GPU: machine code for three architectures, messages a
// reader can use, the cache on disk, and many kernels at once. Needs NVRTC.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <tessera/cuda/detail/compiler.hpp>
#include <tessera/cuda/detail/disk_cache.hpp>
#include <tessera/cuda/detail/parallel_compile.hpp>
#include <tessera/tensor/error.hpp>

#include "../temporary_folder.hpp"

using namespace tessera::cuda;
using doctest::Contains;
using tessera::testing::TemporaryFolder;

namespace {

/// A kernel as the macros give it: a text on one line, behind a line that names it.
Program scale_program(const std::string& statement = "p[i] = twice(p[i]) * N;") {
  return {
      "#line 1 \"twice\"\ntemplate <class T> T twice(T x) { return x + x; }\n"
      "#line 1 \"scale\"\nnamespace tessera::cuda { template <class T, int N> __global__ void "
      "scale(T* p, long n) { for (long i = threadIdx.x; i < n; i += blockDim.x) { " +
          statement + " } } }\n",
      {"tessera::cuda::scale<float, 4>", "tessera::cuda::scale<double, 2>"}};
}
std::string message_of(const Program& program, const std::string& architecture) {
  try {
    compile(program, architecture);
  } catch (const tessera::DeviceError& error) {
    return error.what();
  }
  return "no DeviceError";
}
/// As doctest compares with Contains.
doctest::String shown(const std::string& text) { return text.c_str(); }

/// Five kernels of two texts; the last two call `functor`.
constexpr Text twice_text{"twice", "template <class T> T twice(T x) { return x + x; }"};
constexpr Text scale_text{"scale",
                          "template <class T, int N> __global__ void scale(T* p) { "
                          "p[threadIdx.x] = twice(p[threadIdx.x]) * N; }",
                          {&twice_text}};
constexpr Text apply_text{"apply",
                          "template <class F, class T> __global__ void apply(T* p) { "
                          "p[threadIdx.x] = F{}(p[threadIdx.x]); }"};
std::vector<Kernel> some_kernels(const std::string& functor = "return -x;") {
  std::vector<Kernel> kernels;
  for (const char* const arguments : {"float,2", "float,3", "double,2"})
    kernels.push_back({&scale_text, "tessera::cuda::scale<" + std::string(arguments) + ">", {}});
  for (const char* const type : {"float", "double"})
    kernels.push_back(
        {&apply_text, "tessera::cuda::apply<tessera::cuda::F," + std::string(type) + ">",
         "struct F { template <class T> T operator()(T x) const { " + functor + " } };\n"});
  return kernels;
}
std::string key_of(const Kernel& kernel) {
  return detail::cache_key(make_program({&kernel, 1}), "sm_90");
}

std::vector<std::string> cubins_of(const std::vector<Compiled>& compiled) {
  std::vector<std::string> cubins;
  for (const Compiled& one : compiled) cubins.push_back(one.cubin);
  return cubins;
}

auto lines_in(const std::string& text) { return std::count(text.begin(), text.end(), '\n') + 1; }

}  // namespace

TEST_CASE("compiler: machine code and symbols, per architecture") {
  CHECK(compiler_version().find('.') != std::string::npos);
  std::vector<std::string> cubins;
  for (const std::string architecture : {"sm_80", "sm_90", "sm_100"}) {
    std::string log = "old";
    const Compiled compiled = compile(scale_program(), architecture, &log);
    CHECK(log.empty());
    CHECK(
        compiled.cubin.starts_with("\x7f"
                                   "ELF"));
    REQUIRE(compiled.lowered.size() == 2);
    CHECK(compiled.lowered[0] == "_ZN7tessera4cuda5scaleIfLi4EEEvPT_l");
    CHECK(compiled.lowered[1] == "_ZN7tessera4cuda5scaleIdLi2EEEvPT_l");
    for (const std::string& symbol : compiled.lowered)
      CHECK(compiled.cubin.find(symbol) != std::string::npos);
    for (const std::string& other : cubins) CHECK(other != compiled.cubin);
    cubins.push_back(compiled.cubin);
  }
}

TEST_CASE("compiler: an error names the kernels, the text and the line") {
  const std::string message = message_of(
      scale_program("int unused = 1; const T a = p[i]; p[i] = a + q; q2[i] = 0;"), "sm_90");
  CHECK(message.starts_with("NVRTC " + compiler_version() +
                            " cannot compile tessera::cuda::scale<float, 4>, "
                            "tessera::cuda::scale<double, 2> for sm_90: NVRTC_ERROR_COMPILATION\n"
                            "scale(6): error: identifier \"q\" is undefined\n"
                            "  p[i] = a + q;\n"
                            "             ^\n"));
  CHECK(shown(message) == Contains("scale(7): error: identifier \"q2\" is undefined"));
  CHECK(message.find("unused") == std::string::npos);  // the errors only
  // A text of short lines keeps its own.
  CHECK(shown(message_of(
            {"#line 7 \"own\"\n__global__ void k(int* p) {\n  p[0] = 1; p[1] = q;\n}\n", {"k"}},
            "sm_90")) == Contains("own(8): error: identifier \"q\""));
}

TEST_CASE("compiler: a warning is in the log, of a success and of a failure") {
  std::string log;
  CHECK_FALSE(compile(scale_program("int unused = 3; p[i] = 1;"), "sm_80", &log).cubin.empty());
  CHECK(shown(log) == Contains("scale(4): warning"));
  CHECK(shown(log) == Contains("\"unused\" was declared but never referenced"));
  CHECK_THROWS_AS(compile(scale_program("int unused = 3; p[i] = q;"), "sm_80", &log),
                  tessera::DeviceError);
  CHECK(shown(log) == Contains("scale(4): warning"));
  CHECK(shown(log) == Contains("scale(5): error"));
}

TEST_CASE("compiler: many errors are cut to what can be read") {
  std::string statements, wide = "p[i] = q";
  for (int i = 0; i < 50; ++i) {
    statements += "p[i] = unknown" + std::to_string(i) + ";";
    wide += " + (p[i] * p[i])";
  }
  Program program = scale_program(wide + ";" + statements);
  program.names.insert(program.names.end(), 3, "tessera::cuda::scale<float, 1>");
  const std::string message = message_of(program, "sm_90");
  CHECK(shown(message) == Contains("scale<float, 4>, tessera::cuda::scale<double, 2>, "
                                   "tessera::cuda::scale<float, 1> and 2 more for sm_90"));
  CHECK(shown(message) == Contains("more lines"));
  CHECK(lines_in(message) == 27);  // the last says where a text may look for what is undefined
  std::string line;
  for (std::istringstream lines(message.substr(message.find('\n') + 1)); getline(lines, line);)
    CHECK(line.size() <= 160);
}

TEST_CASE("compiler: what is not C++ but the call is reported too") {
  Program program = scale_program();
  CHECK(shown(message_of(program, "sm_12")) == Contains("for sm_12: NVRTC_ERROR_INVALID_OPTION\n"
                                                        "nvrtc: error: invalid value for"));
  CHECK(shown(message_of(program, "compute_90")) ==
        Contains("for compute_90: it gives no machine code; expected an architecture such as"));
  program.names = {"tessera::cuda::scale<float>", "tessera::cuda::nothing"};
  CHECK(shown(message_of(program, "sm_90")) ==
        Contains("Input name expression was: \" tessera :: cuda :: nothing\""));
  CHECK(shown(message_of({"int f() { return q; }", {}}, "sm_90")) ==
        Contains("cannot compile a program without named kernels for sm_90"));
  CHECK(shown(message_of({"__global__ void k(int* p) { __shared__ int a[1000000]; a[*p] = 1; "
                          "__syncthreads(); *p = a[p[1]]; }",
                          {"k"}},
                         "sm_90")) == Contains("uses too much shared data"));
}

TEST_CASE("compiler: no header is read, not even one in the working directory") {
  const TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  tessera::write_file_atomically("planted.h", "using planted = int;\n");
  for (const std::string header : {"\"planted.h\"", "<cstddef>", "<cuda_fp16.h>"})
    CHECK(shown(message_of({"#include " + header + "\n__global__ void k() {}\n", {"k"}},
                           "sm_90")) == Contains("could not open source file"));
  std::filesystem::current_path(before);
}

TEST_CASE("compiler: what the cache holds is taken, for exactly the same program") {
  const TemporaryFolder folder;
  const DiskCache cache(folder.path());
  const Program program = scale_program();
  const Compiled fresh = compile(program, "sm_90");
  const auto same = [](const Compiled& a, const Compiled& b) {
    return a.cubin == b.cubin && a.lowered == b.lowered;
  };
  CHECK(same(compile_cached(cache, program, "sm_90"), fresh));
  const std::string key = detail::cache_key(program, "sm_90");
  REQUIRE(cache.find(key));
  CHECK(same(compile_cached(cache, program, "sm_90"), fresh));

  // Another value in the file: only the cache can have brought it.
  const std::vector<std::string> forged{"cubin", "first", "second"};
  cache.store(key, detail::packed(forged));
  CHECK(same(compile_cached(cache, program, "sm_90"), {"cubin", {"first", "second"}}));
  CHECK(compile_cached(cache, program, "sm_80").cubin == compile(program, "sm_80").cubin);
  Program other = program;
  other.source += "\n";
  CHECK(same(compile_cached(cache, other, "sm_90"), fresh));
  other = program;
  std::swap(other.names[0], other.names[1]);
  CHECK(compile_cached(cache, other, "sm_90").lowered[0] == fresh.lowered[1]);
  CHECK(compile_cached(DiskCache({}), program, "sm_90").cubin == fresh.cubin);

  // A value that is not a compiled program of two names is compiled anew and replaced.
  const std::string good = detail::packed(forged);
  for (const std::string& bad :
       {std::string(), std::string("junk"), good + "x", good.substr(0, good.size() - 1),
        good.substr(0, 13), std::string(24, '\xff')}) {
    cache.store(key, bad);
    CHECK(same(compile_cached(cache, program, "sm_90"), fresh));
    CHECK(cache.find(key) != bad);
  }
}

TEST_CASE("compiler: a program that fails is not cached") {
  const TemporaryFolder folder;
  const DiskCache cache(folder.path());
  for (int i = 0; i < 2; ++i)
    CHECK_THROWS_AS(compile_cached(cache, scale_program("p[i] = q;"), "sm_90"),
                    tessera::DeviceError);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("compiler: of many kernels each gets its machine code, whatever the number of threads") {
  const std::vector<Kernel> kernels = some_kernels();
  const std::string symbols[] = {"5scaleIfLi2EEEvPT_", "5scaleIfLi3EEEvPT_", "5scaleIdLi2EEEvPT_",
                                 "5applyINS0_1FEfEEvPT0_", "5applyINS0_1FEdEEvPT0_"};
  for (const std::size_t threads : {1u, 2u, 16u}) {
    const auto compiled = compile_each(DiskCache({}), kernels, "sm_90", threads);
    REQUIRE(compiled.size() == kernels.size());
    for (std::size_t i = 0; i < kernels.size(); ++i) {
      CHECK(compiled[i].lowered == std::vector{"_ZN7tessera4cuda" + symbols[i]});
      CHECK(compiled[i].cubin.find(compiled[i].lowered[0]) != std::string::npos);
      CHECK(compiled[i].cubin == compile(make_program({&kernels[i], 1}), "sm_90").cubin);
    }
  }
  CHECK(compile_each(DiskCache({}), {}, "sm_90").empty());
  CHECK(compiler_threads() >= 1);
}

TEST_CASE("compiler: of many kernels the programs are made once each, the longest first") {
  const std::vector<Kernel> kernels = some_kernels();
  std::vector<std::size_t> order, lengths;
  for_each_program(kernels, 1, [&](std::size_t i, const Program& program) {
    CHECK(program.names == std::vector{kernels[i].name});
    order.push_back(i);
    lengths.push_back(program.source.size());
  });
  CHECK(order == std::vector<std::size_t>{3, 4, 0, 1, 2});
  CHECK(std::is_sorted(lengths.rbegin(), lengths.rend()));
}

TEST_CASE("compiler: of many kernels the first one with an error is named, with the line") {
  const TemporaryFolder folder;
  const DiskCache cache(folder.path());
  const std::vector<Kernel> kernels = some_kernels("return q;");
  for (const std::size_t threads : {1u, 2u, 16u}) {
    std::string message;
    try {
      compile_each(cache, kernels, "sm_90", threads);
    } catch (const tessera::DeviceError& error) {
      message = error.what();
    }
    CHECK(shown(message) == Contains("cannot compile tessera::cuda::apply<tessera::cuda::F,float> "
                                     "for sm_90: NVRTC_ERROR_COMPILATION\n"
                                     "a pointwise function(2): error: identifier \"q\""));
    CHECK(message.find("scale") == std::string::npos);
  }
  for (std::size_t i = 0; i < kernels.size(); ++i)  // the others are there next time
    CHECK(cache.find(key_of(kernels[i])).has_value() == (i < 3));
}

TEST_CASE("compiler: of many kernels those are compiled that the cache does not hold") {
  const TemporaryFolder folder;
  const DiskCache cache(folder.path());
  const std::vector<Kernel> kernels = some_kernels();
  const auto fresh = compile_each(cache, kernels, "sm_90");
  CHECK(cubins_of(compile_each(cache, kernels, "sm_90")) == cubins_of(fresh));

  // Other values in the files: only the cache can have brought them.
  std::vector<std::string> expected;
  for (const Kernel& kernel : kernels) {
    expected.push_back("forged " + kernel.name);
    cache.store(key_of(kernel), detail::packed(std::vector{expected.back(), kernel.name}));
  }
  CHECK(cubins_of(compile_each(cache, kernels, "sm_90")) == expected);
  // One of them damaged: it alone is compiled.
  cache.store(key_of(kernels[2]), "junk");
  expected[2] = fresh[2].cubin;
  CHECK(cubins_of(compile_each(cache, kernels, "sm_90", 1)) == expected);
  CHECK(cache.find(key_of(kernels[2])) != "junk");
  // Other kernels of another network, in another order, find those that both have.
  const std::vector<Kernel> other{
      kernels[4], {&scale_text, "tessera::cuda::scale<int,5>", {}}, kernels[0]};
  const auto shared = compile_each(cache, other, "sm_90");
  CHECK(shared[0].cubin == expected[4]);
  CHECK(shared[1].lowered[0] == "_ZN7tessera4cuda5scaleIiLi5EEEvPT_");
  CHECK(shared[2].cubin == expected[0]);
}
