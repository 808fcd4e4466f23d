// SPDX-License-Identifier: BSD-3-Clause
// The line of progress, on real (pseudo) terminals of several widths, resized, and in a pipe.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include <tessera/io/status_line.hpp>

#include "../environment_variable.hpp"

using tessera::StatusLine;

namespace {

/// A terminal of so many columns; what is written to `stream` can be read back.
struct Terminal {
  explicit Terminal(int columns) {
    REQUIRE(::openpty(&master, &slave, nullptr, nullptr, nullptr) == 0);
    ::fcntl(master, F_SETFL, O_NONBLOCK);
    stream = ::fdopen(slave, "w");
    resize(columns);
  }
  ~Terminal() {
    std::fclose(stream);
    ::close(master);
  }
  void resize(int columns) {
    struct ::winsize size {
      24, static_cast<unsigned short>(columns), 0, 0
    };
    REQUIRE(::ioctl(master, TIOCSWINSZ, &size) == 0);
  }
  std::string read() {
    std::string text;
    char part[4096];
    for (::ssize_t n; (n = ::read(master, part, sizeof part)) > 0;)
      text.append(part, static_cast<std::size_t>(n));
    return text;
  }
  int master = -1, slave = -1;
  std::FILE* stream = nullptr;
};

/// The lines drawn, one over the other: what stands between a return and the erasing of the rest.
std::vector<std::string> drawn(std::string text) {
  std::vector<std::string> lines;
  for (std::size_t at; (at = text.find("\r")) != text.npos;) {
    text.erase(0, at + 1);
    const std::size_t end = text.find("\x1b[K");
    REQUIRE(end != text.npos);
    lines.push_back(text.substr(0, end));
  }
  return lines;
}
void wait() { std::this_thread::sleep_for(std::chrono::milliseconds(220)); }

}  // namespace

TEST_CASE("on a terminal one line is drawn again and fits, also after the window is resized") {
  const tessera::testing::EnvironmentVariable term("TERM", "xterm");
  for (const int columns : {40, 80, 120, 12}) {
    Terminal terminal(columns);
    {
      StatusLine status(terminal.stream);
      status.show_count("reading photographs", 3, 6);
      status.show_count("reading photographs", 4, 6);  // too soon to be drawn
      terminal.resize(columns / 2);
      wait();
      status.show_count("reading photographs", 5, 6);
      terminal.resize(columns);
      wait();
      status.show([](int width) { return std::string(static_cast<std::size_t>(width) + 9, 'x'); });
    }
    const std::string text = terminal.read();
    CHECK(text.find('\n') == text.npos);
    const auto lines = drawn(text);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].size() < static_cast<std::size_t>(columns));
    CHECK(lines[1].size() < static_cast<std::size_t>(columns) / 2);
    CHECK(lines[2].size() == static_cast<std::size_t>(columns) - 1);
    CHECK(lines[3].empty());  // taken away
    if (columns >= 40) CHECK(lines[0].find("50%") != text.npos);
    if (columns >= 80)
      CHECK(
          lines[0].starts_with("reading photographs [##########----------]  50%  3 of 6  ETA 0:"));
  }
}

TEST_CASE("without a terminal a line now and then, and no control characters") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
  std::FILE* const to = ::fdopen(ends[1], "w");
  {
    StatusLine status(to, 0.1);
    const auto start = StatusLine::Clock::now();
    while (StatusLine::Clock::now() - start < std::chrono::milliseconds(450)) {
      status.show_count("evaluate", 1, 2);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  std::fclose(to);
  char text[4096];
  const ::ssize_t size = ::read(ends[0], text, sizeof text);
  ::close(ends[0]);
  REQUIRE(size > 0);
  const std::string lines(text, static_cast<std::size_t>(size));
  const auto count = std::count(lines.begin(), lines.end(), '\n');
  CHECK(count >= 1);  // not nothing
  CHECK(count <= 4);  // and no flood
  CHECK(lines.find_first_of("\r\x1b") == lines.npos);
  CHECK(lines.starts_with("evaluate [##########----------]  50%  1 of 2  ETA 0:00\n"));
}

TEST_CASE("a dumb terminal is none; a null stream is written nothing") {
  const tessera::testing::EnvironmentVariable term("TERM", "dumb");
  Terminal terminal(80);
  StatusLine status(terminal.stream, 0);
  status.show_count("x", 1, 2);
  CHECK(terminal.read().find('\x1b') == std::string::npos);
  StatusLine(nullptr, 0).show_count("x", 1, 2);
}

TEST_CASE("durations") {
  CHECK(tessera::duration_text(0) == "0:00");
  CHECK(tessera::duration_text(-1) == "0:00");
  CHECK(tessera::duration_text(604.6) == "10:05");
  CHECK(tessera::duration_text(19900) == "5:31:40");
}
