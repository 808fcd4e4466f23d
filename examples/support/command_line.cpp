// SPDX-License-Identifier: BSD-3-Clause
// A file of its own, so that the command-line library is compiled once and not with every program.
#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>

#include "run_cli.hpp"

namespace {

CLI::Option* add(CLI::App& app, const Argument& argument) {
  if (auto* const* text = std::get_if<std::string*>(&argument.value))
    return app.add_option(argument.name, **text, argument.text);
  if (bool* const* flag = std::get_if<bool*>(&argument.value))
    return app.add_flag(argument.name, **flag, argument.text);
  std::int64_t& number = **std::get_if<std::int64_t*>(&argument.value);
  const std::int64_t least = argument.least, most = argument.most;
  return app
      .add_option_function<std::string>(
          argument.name,
          [&number, least, most, name = argument.name](const std::string& text) {
            char* end = nullptr;
            errno = 0;
            number = std::strtoll(text.c_str(), &end, 10);
            if (end == text.c_str() || *end != 0 || errno != 0 || number < least || number > most)
              throw CLI::ValidationError(name, "expected a whole number of at least " +
                                                   std::to_string(least) +
                                                   (most < std::numeric_limits<std::int64_t>::max()
                                                        ? " and at most " + std::to_string(most)
                                                        : "") +
                                                   ", got " + text);
          },
          argument.text)
      ->default_str(std::to_string(number))
      ->type_name("INT");
}

}  // namespace

int run_with_arguments(const std::string& description, const std::vector<Argument>& arguments,
                       int argc, char** argv, const std::function<void()>& work) {
  CLI::App app(description);
  app.option_defaults()->always_capture_default();
  for (const Argument& argument : arguments) {
    CLI::Option* const option = add(app, argument);
    if (argument.required || !argument.name.starts_with('-')) option->required();
    if (!argument.among.empty()) option->check(CLI::IsMember(argument.among));
  }
  for (const Argument& argument : arguments)
    if (!argument.excludes.empty())
      app.get_option(argument.name)->excludes(app.get_option(argument.excludes));
  return run_cli(app, argc, argv, work);
}
