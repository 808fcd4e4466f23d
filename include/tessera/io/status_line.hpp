// SPDX-License-Identifier: BSD-3-Clause
// How far a program is, in one line: on a terminal drawn again in place and never wider than it,
// elsewhere (a log, a pipe) a line a minute. For programs; the library only calls back.
#pragma once
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace tessera {

/// "1:02:03" or "2:03", rounded.
inline std::string duration_text(double seconds) {
  const auto s = static_cast<long>(std::max(seconds, 0.0) + 0.5);
  char text[64];
  if (s >= 3600) std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else std::snprintf(text, sizeof text, "%ld:%02ld", s / 60, s % 60);
  return text;
}

/// "[####----]" of so many cells.
inline std::string bar_text(double done, int cells) {
  const int full = std::clamp(static_cast<int>(done * cells), 0, cells);
  return '[' + std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(cells - full), '-') + ']';
}

/// "reading photographs [####----]  50%  3 of 6  ETA 0:12", as much of it as fits.
inline std::string count_line(std::string_view what, std::size_t done, std::size_t all,
                              double seconds, int columns) {
  const double share = all ? static_cast<double>(done) / static_cast<double>(all) : 1;
  const std::string name(what);
  char percent[16];
  std::snprintf(percent, sizeof percent, " %3d%%", static_cast<int>(100 * share));
  const std::string count = "  " + std::to_string(done) + " of " + std::to_string(all);
  const std::string left =
      done > 0 ? "  ETA " + duration_text(seconds / share * (1 - share)) : std::string();
  for (const std::string& line :
       {name + ' ' + bar_text(share, 20) + percent + count + left,
        name + ' ' + bar_text(share, 8) + percent + count + left,
        name + ' ' + bar_text(share, 8) + percent + left, name + percent + left})
    if (static_cast<int>(line.size()) <= columns) return line;
  return (name + percent).substr(0, static_cast<std::size_t>(std::max(columns, 0)));
}

/// The line itself. Nothing is written to a null stream.
class StatusLine {
 public:
  using Clock = std::chrono::steady_clock;

  /// `every`: seconds between two lines where there is no terminal.
  explicit StatusLine(std::FILE* to, double every = 60)
      : to_(to), terminal_(to && is_terminal(to)), every_(every), last_(Clock::now()) {}
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  /// Shows `text(columns)`, which is at most so long, if it is time to.
  template <class Text>
  void show(const Text& text) {
    if (!to_) return;
    const auto now = Clock::now();
    const double since = std::chrono::duration<double>(now - last_).count();
    if (since < (terminal_ ? (drawn_ ? 0.2 : 0) : every_)) return;
    last_ = now;
    const int columns = terminal_ ? width() - 1 : 120;  // the last column would begin a new line
    const std::string line =
        std::string(text(columns)).substr(0, static_cast<std::size_t>(columns));
    if (terminal_) std::fprintf(to_, "\r%s\x1b[K", line.c_str());  // the rest of the line: erased
    else std::fprintf(to_, "%s\n", line.c_str());
    std::fflush(to_);
    drawn_ = terminal_;
  }
  /// The same for a count; the time left is by the speed since `show_count` first saw this name.
  void show_count(std::string_view what, std::size_t done, std::size_t all) {
    if (what != counted_) {
      counted_ = what;
      began_ = Clock::now();
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    show([&](int columns) { return count_line(what, done, all, seconds, columns); });
  }
  /// Takes the line away, before something else is written.
  void clear() {
    if (!drawn_) return;
    std::fprintf(to_, "\r\x1b[K");
    std::fflush(to_);
    drawn_ = false;
  }

 private:
  static bool is_terminal(std::FILE* to) {
    const char* const kind = std::getenv("TERM");
    return ::isatty(::fileno(to)) != 0 && std::string_view(kind ? kind : "") != "dumb";
  }
  /// Asked each time: windows are resized.
  int width() const {
    struct ::winsize size {};
    const bool known = ::ioctl(::fileno(to_), TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return known ? size.ws_col : 80;
  }

  std::FILE* to_;
  bool terminal_, drawn_ = false;
  double every_;
  Clock::time_point last_, began_{};
  std::string counted_;
};

}  // namespace tessera
