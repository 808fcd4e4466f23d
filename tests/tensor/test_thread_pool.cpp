// SPDX-License-Identifier: BSD-3-Clause
// parallel_for: every task once, on any number of threads; exceptions, loops within loops, many
// callers at once, children of fork, the program's end.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tessera/tensor/context.hpp>

using namespace tessera;

namespace {

constexpr int thread_counts[]{1, 2, 3, 8};

/// A loop whose tasks `bad` throw their index; the index that arrived, -1 where none did.
int thrown_by(int threads, int count, const std::vector<int>& bad) {
  try {
    parallel_for(Context<Cpu>{threads}, count, [&](std::ptrdiff_t i) {
      for (const int b : bad)
        if (i == b) {  // the later ones sooner
          std::this_thread::sleep_for(std::chrono::microseconds(300 - 100 * (i % 3)));
          throw static_cast<int>(i);
        }
    });
  } catch (int index) {
    return index;
  }
  return -1;
}

/// Runs `work` in a child of fork; its status, or -1 where it has not ended after 20 s.
int in_child(auto&& work) {
  const pid_t child = fork();
  if (child == 0) work();
  for (int i = 0; i < 2000; ++i) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return -1;
}

}  // namespace

TEST_CASE("parallel_for: every task once") {
  for (const int threads : thread_counts)
    for (const int count : {0, 1, 2, 3, 100, 1000}) {
      std::vector<int> done(static_cast<std::size_t>(count));
      for (int round = 0; round < 20; ++round)
        parallel_for(Context<Cpu>{threads}, count,
                     [&](std::ptrdiff_t i) { ++done[static_cast<std::size_t>(i)]; });
      for (const int times : done) REQUIRE(times == 20);
    }
}

TEST_CASE("parallel_for: the threads help") {
  std::atomic<int> arrived{0};
  parallel_for(Context<Cpu>{4}, 4, [&](std::ptrdiff_t) {
    ++arrived;
    while (arrived < 4) std::this_thread::yield();  // ends only if all four run at once
  });
  CHECK(arrived == 4);
}

TEST_CASE("parallel_for: the exception of the lowest index arrives, on any number of threads") {
  for (const int threads : thread_counts)
    for (int round = 0; round < 30; ++round) {
      CHECK(thrown_by(threads, 50, {}) == -1);
      CHECK(thrown_by(threads, 50, {0}) == 0);
      CHECK(thrown_by(threads, 50, {49}) == 49);
      CHECK(thrown_by(threads, 50, {20, 21, 22, 40}) == 20);
      CHECK(thrown_by(threads, 2, {1, 0}) == 0);
    }
  // The loop behind it works, and the texts are whole.
  for (const int threads : thread_counts) {
    std::string what;
    try {
      parallel_for(Context<Cpu>{threads}, 8,
                   [](std::ptrdiff_t i) { throw std::runtime_error("task " + std::to_string(i)); });
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    CHECK(what == "task 0");
    std::atomic<int> sum{0};
    parallel_for(Context<Cpu>{threads}, 10, [&](std::ptrdiff_t i) { sum += static_cast<int>(i); });
    CHECK(sum == 45);
  }
}

TEST_CASE("parallel_for: loops within loops, with exceptions") {
  for (const int threads : thread_counts) {
    std::atomic<int> sum{0};
    parallel_for(Context<Cpu>{threads}, 6, [&](std::ptrdiff_t) {
      parallel_for(Context<Cpu>{threads}, 10,
                   [&](std::ptrdiff_t i) { sum += static_cast<int>(i); });
    });
    CHECK(sum == 6 * 45);
    CHECK_THROWS_AS(parallel_for(Context<Cpu>{threads}, 6,
                                 [&](std::ptrdiff_t) {
                                   if (thrown_by(threads, 9, {4}) == 4) throw 1L;
                                 }),
                    long);
  }
}

TEST_CASE("parallel_for: many callers at once") {
  std::atomic<long> sum{0};
  std::atomic<int> caught{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 6; ++caller)
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 300; ++round) {
        parallel_for(Context<Cpu>{1 + caller % 4}, 20, [&](std::ptrdiff_t i) { sum += i; });
        if (round % 50 == 0) caught += thrown_by(3, 12, {7, 9}) == 7;
      }
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(sum == 6 * 300 * 190);
  CHECK(caught == 6 * 6);
}

#ifndef __SANITIZE_THREAD__  // it knows no threads in a child of a program with threads
TEST_CASE("parallel_for: works in a child of fork, which ends") {
  const auto loop = [] {
    std::atomic<int> sum{0};
    parallel_for(Context<Cpu>{4}, 100, [&](std::ptrdiff_t i) { sum += static_cast<int>(i); });
    return sum == 4950;
  };
  CHECK(loop());
  const auto passes = [&] { std::_Exit(loop() && loop() ? 7 : 1); };
  CHECK(WEXITSTATUS(in_child(passes)) == 7);
  // While another thread is at work, and from a child's child.
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) loop();
  });
  for (int i = 0; i < 5; ++i) CHECK(WEXITSTATUS(in_child(passes)) == 7);
  CHECK(WEXITSTATUS(in_child([&] {
          loop();
          std::_Exit(WEXITSTATUS(in_child(passes)));
        })) == 7);
  stop = true;
  busy.join();
  CHECK(loop());
}

TEST_CASE("parallel_for: a program may end anywhere, also in a task of another thread") {
  for (const int ending : {0, 1, 2}) {
    const int status = in_child([&] {
      std::atomic<int> arrived{0};
      const auto caller = std::this_thread::get_id();
      parallel_for(Context<Cpu>{3}, 3, [&](std::ptrdiff_t) {
        ++arrived;
        while (arrived < 3) std::this_thread::yield();
        if (ending == 1 && std::this_thread::get_id() == caller) std::exit(7);
        if (ending == 2 && std::this_thread::get_id() != caller) std::exit(7);
      });
      std::exit(7);
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
  }
}
#endif
