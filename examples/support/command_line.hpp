// SPDX-License-Identifier: BSD-3-Clause
// The face of the programs that use a trained model: their arguments, and errors as one sentence.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <variant>
#include <vector>

/// One argument: "model" is the next word of the command line and has to be given, "--limit" an
/// option, "-o,--out" one with two names.
struct Argument {
  std::string name;
  std::variant<std::string*, std::int64_t*, bool*> value;  // holds the default; bool: a flag
  std::string text;
  bool required = false;             // an option that has to be given
  std::vector<std::string> among{};  // of a text: what it may be, where that is a short list
  std::int64_t least = 0;            // of a number, and
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::string excludes{};  // another option, which may not be given beside this one
};

/// The most mebibytes whose bytes std::size_t can count, and the most threads that make sense.
inline constexpr std::int64_t most_mebibytes = std::numeric_limits<std::size_t>::max() >> 20;
inline constexpr std::int64_t most_threads = 4096;

/// Parses the command line and runs the work. Exit status: 0 done, 1 the work failed, 2 wrong use;
/// what went wrong is one sentence on stderr.
int run_with_arguments(const std::string& description, const std::vector<Argument>& arguments,
                       int argc, char** argv, const std::function<void()>& work);
