// SPDX-License-Identifier: BSD-3-Clause
// Compiles kernels, given as text, for a GPU architecture with NVRTC: at run time, without a GPU
// and without a driver. What was compiled once is found in the cache on disk.
#pragma once
#include <nvrtc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/cuda/detail/disk_cache.hpp>
#include <tessera/cuda/detail/line_breaks.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// The whole text and its kernels as name expressions, such as "tessera::cuda::copy<float, 4>".
/// A text calls itself something in messages by a line such as `#line 1 "pointwise"`.
struct Program {
  std::string source;
  std::vector<std::string> names;
};

/// Machine code; lowered[i] is the symbol in it of the program's names[i].
struct Compiled {
  std::string cubin;
  std::vector<std::string> lowered;
};

namespace detail {

inline void check_nvrtc(nvrtcResult result, const char* call) {
  if (result != NVRTC_SUCCESS)
    throw DeviceError(std::string("NVRTC: ") + call + ": " + nvrtcGetErrorString(result));
}

/// A program of NVRTC that destroys itself.
class NvrtcProgram {
 public:
  explicit NvrtcProgram(const std::string& source) {
    check_nvrtc(nvrtcCreateProgram(&program_, source.c_str(), "tessera", 0, nullptr, nullptr),
                "nvrtcCreateProgram");
  }
  NvrtcProgram(const NvrtcProgram&) = delete;
  NvrtcProgram& operator=(const NvrtcProgram&) = delete;
  ~NvrtcProgram() { nvrtcDestroyProgram(&program_); }
  nvrtcProgram get() const { return program_; }

  std::string log() const {
    std::size_t size = 0;
    check_nvrtc(nvrtcGetProgramLogSize(program_, &size), "nvrtcGetProgramLogSize");
    std::string text(size, '\0');
    if (size > 0) check_nvrtc(nvrtcGetProgramLog(program_, text.data()), "nvrtcGetProgramLog");
    return text.substr(0, text.find('\0'));
  }

 private:
  nvrtcProgram program_ = nullptr;
};

/// Device code needs no __device__, and no header is read: neither the host's nor, as NVRTC would
/// otherwise do, one that happens to lie in the working directory. What NVRTC declares of the CUDA
/// runtime, textures and launches by kernels is left out (8 ms a program, the same machine code).
/// With TESSERA_CUDA_LINE_INFO set also the lines of the texts, for profilers.
inline std::vector<const char*> compiler_options() {
  std::vector<const char*> options{"--std=c++20", "-default-device", "--fmad=true",
                                   "--no-source-include", "--minimal"};
  if (std::getenv("TESSERA_CUDA_LINE_INFO")) options.push_back("--generate-line-info");
  return options;
}

/// "a, b, c and 4 more"
inline std::string first_few(std::span<const std::string> names) {
  if (names.empty()) return "a program without named kernels";
  const std::size_t shown = std::min<std::size_t>(names.size(), 3);
  std::string out = names[0];
  for (std::size_t i = 1; i < shown; ++i) out += ", " + names[i];
  return out +=
         shown < names.size() ? " and " + std::to_string(names.size() - shown) + " more" : "";
}

/// The errors of a log, which an empty line parts from each other and from the warnings: at most 24
/// lines of at most 160 characters.
inline std::string shortened(std::string_view log) {
  std::string out;
  std::size_t lines = 0;
  const bool any = log.find("error") != log.npos;
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = std::min(log.find("\n\n", at), log.size());
    const std::string_view block = log.substr(at, end - at);
    at = end + 2;
    if (any && block.find("error") == block.npos) continue;
    for (std::size_t from = 0; from < block.size();) {
      const std::size_t to = std::min(block.find('\n', from), block.size());
      if (++lines <= 24)
        out.append("\n").append(block.substr(from, std::min<std::size_t>(to - from, 160)));
      from = to + 1;
    }
  }
  return out += lines > 24 ? "\n... and " + std::to_string(lines - 24) + " more lines" : "";
}

/// The parts, each behind its size in 8 bytes: different lists have different texts.
inline std::string packed(std::span<const std::string> parts) {
  std::string out;
  for (const std::string& part : parts) {
    const std::uint64_t size = part.size();
    out.append(reinterpret_cast<const char*>(&size), sizeof size).append(part);
  }
  return out;
}

/// The `count` parts of a packed text; nothing if it is not one of so many.
inline std::optional<std::vector<std::string>> unpacked(std::string_view text, std::size_t count) {
  std::vector<std::string> parts;
  while (parts.size() < count) {
    std::uint64_t size = 0;
    if (text.size() < sizeof size) return std::nullopt;
    std::memcpy(&size, text.data(), sizeof size);
    text.remove_prefix(sizeof size);
    if (size > text.size()) return std::nullopt;
    parts.emplace_back(text.substr(0, static_cast<std::size_t>(size)));
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  if (!text.empty()) return std::nullopt;
  return parts;
}

}  // namespace detail

/// Of NVRTC: "13.0". Errors: DeviceError if NVRTC does not tell.
inline std::string compiler_version() {
  int major = 0, minor = 0;
  detail::check_nvrtc(nvrtcVersion(&major, &minor), "nvrtcVersion");
  return std::to_string(major) + "." + std::to_string(minor);
}

namespace detail {

/// All that machine code depends on.
inline std::string cache_key(const Program& program, const std::string& architecture) {
  std::vector<std::string> parts{compiler_version(), architecture};
  for (const char* option : compiler_options()) parts.push_back(option);
  parts.insert(parts.end(), program.names.begin(), program.names.end());
  parts.push_back(program.source);
  return packed(parts);
}

}  // namespace detail

/// Compiles for an architecture such as "sm_90". `log` gets NVRTC's diagnostics, warnings too, and
/// is empty if there are none. Errors: DeviceError with the first kernels' names and NVRTC's
/// errors; lines of a text on one line are counted as with_line_breaks parts it.
inline Compiled compile(const Program& program, const std::string& architecture,
                        std::string* log = nullptr) {
  const detail::NvrtcProgram made(with_line_breaks(program.source, 120));
  for (const std::string& name : program.names)
    detail::check_nvrtc(nvrtcAddNameExpression(made.get(), name.c_str()), "nvrtcAddNameExpression");
  const std::string target = "--gpu-architecture=" + architecture;
  std::vector<const char*> options{target.c_str()};
  for (const char* option : detail::compiler_options()) options.push_back(option);
  const nvrtcResult result =
      nvrtcCompileProgram(made.get(), static_cast<int>(options.size()), options.data());
  const std::string text = made.log();
  if (log) *log = text;
  const auto fail = [&](const std::string& cause) {
    throw DeviceError("NVRTC " + compiler_version() + " cannot compile " +
                      detail::first_few(program.names) + " for " + architecture + ": " + cause);
  };
  if (result != NVRTC_SUCCESS) {
    const bool missing = text.find("is undefined") != text.npos;
    fail(nvrtcGetErrorString(result) + detail::shortened(text) +
         (missing ? "\nA text sees the texts that TESSERA_CUDA_TEXT lists for it, and theirs."
                  : ""));
  }

  Compiled compiled;
  std::size_t size = 0;
  detail::check_nvrtc(nvrtcGetCUBINSize(made.get(), &size), "nvrtcGetCUBINSize");
  if (size == 0) fail("it gives no machine code; expected an architecture such as sm_90");
  compiled.cubin.resize(size);
  detail::check_nvrtc(nvrtcGetCUBIN(made.get(), compiled.cubin.data()), "nvrtcGetCUBIN");
  for (const std::string& name : program.names) {
    const char* lowered = nullptr;
    detail::check_nvrtc(nvrtcGetLoweredName(made.get(), name.c_str(), &lowered),
                        "nvrtcGetLoweredName");
    compiled.lowered.emplace_back(lowered);
  }
  return compiled;
}

/// The same through the cache on disk, where an entry is found by NVRTC's version, the
/// architecture, the options, the names and the text. Errors: as compile.
inline Compiled compile_cached(const DiskCache& cache, const Program& program,
                               const std::string& architecture) {
  const std::string key = detail::cache_key(program, architecture);
  if (const auto value = cache.find(key))
    if (auto parts = detail::unpacked(*value, program.names.size() + 1)) {
      Compiled compiled{std::move(parts->front()), {}};
      parts->erase(parts->begin());
      compiled.lowered = std::move(*parts);
      return compiled;
    }
  Compiled compiled = compile(program, architecture);
  std::vector<std::string> parts{compiled.cubin};
  parts.insert(parts.end(), compiled.lowered.begin(), compiled.lowered.end());
  cache.store(key, detail::packed(parts));
  return compiled;
}

}  // namespace tessera::cuda
