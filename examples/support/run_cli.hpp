// SPDX-License-Identifier: BSD-3-Clause
// What every command line does: parse, work, and say in one sentence what went wrong.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

/// "bin/inpaint: the memory limit ...": the program and the sentence, which may begin with the
/// program's own name.
inline std::string failure_text(const std::string& program, const std::string& sentence) {
  const std::string name = program.substr(program.rfind('/') + 1) + ": ";
  return program + ": " + sentence.substr(sentence.starts_with(name) ? name.size() : 0);
}

/// Parses the arguments and runs the work. Exit status: 0 done, 1 the work failed, 2 wrong use.
inline int run_cli(CLI::App& app, int argc, char** argv, const std::function<void()>& work) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "%s: %s; --help lists the options\n", argv[0], error.what());
    return 2;
  }
  try {
    work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", failure_text(argv[0], error.what()).c_str());
    return 1;
  }
  return 0;
}
