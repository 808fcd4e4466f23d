// SPDX-License-Identifier: BSD-3-Clause
// What every command line does: parse, work, and say in one sentence what went wrong.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>

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
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
  return 0;
}
