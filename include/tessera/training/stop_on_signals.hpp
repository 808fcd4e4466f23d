// SPDX-License-Identifier: BSD-3-Clause
// Lets Ctrl-C end a training run in order: for FitOptions::stop, as in
//   trainer.fit(data, {.epochs = 100, .out = "runs/a", .stop = stop_on_signals()});
#pragma once
#include <signal.h>

#include <atomic>

namespace tessera {

namespace detail {
/// What the handler may touch.
inline std::atomic<int> stop_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);
}  // namespace detail

/// The signal that has asked the program to stop; 0: none yet.
inline int stop_signal() { return detail::stop_signal.load(); }

/// From now on the first SIGINT (Ctrl-C) or SIGTERM asks to stop; the next has its usual effect,
/// which ends the program. What is returned says whether one has come: as FitOptions::stop it lets
/// the running step be finished, saves the checkpoint, and `fit` returns with `stopped`. A signal
/// that is ignored (nohup) stays so. Installs handlers of the whole process: a program's decision,
/// so nothing in the library calls it.
inline auto stop_on_signals() {
  detail::stop_signal = 0;
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = [](int number) { detail::stop_signal.store(number); };
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(signal, &action, nullptr);
  }
  return [] { return stop_signal() != 0; };
}

}  // namespace tessera
