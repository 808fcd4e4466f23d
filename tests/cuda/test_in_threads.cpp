// SPDX-License-Identifier: BSD-3-Clause
// Work in threads: each piece once, in whatever number of threads, and one error out of many.
#include <doctest/doctest.h>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tessera/cuda/detail/in_threads.hpp>

using tessera::cuda::in_threads;

namespace {

std::vector<std::size_t> backwards(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.rbegin(), order.rend(), std::size_t{0});
  return order;
}

}  // namespace

TEST_CASE("in threads: each piece is done once, and all are done at the end") {
  for (const std::size_t count : {0u, 1u, 2u, 7u, 1000u})
    for (const std::size_t threads : {0u, 1u, 2u, 5u, 64u}) {
      CAPTURE(count);
      CAPTURE(threads);
      std::vector<int> done(count);  // not atomic: no two threads may meet here
      in_threads(backwards(count), threads, [&](std::size_t i) { ++done[i]; });
      CHECK(done == std::vector<int>(count, 1));
    }
}

TEST_CASE("in threads: one thread keeps to the order, and is the caller's") {
  const auto caller = std::this_thread::get_id();
  std::vector<std::size_t> seen;
  in_threads(backwards(5), 1, [&](std::size_t i) {
    seen.push_back(i);
    CHECK(std::this_thread::get_id() == caller);
  });
  CHECK(seen == backwards(5));
}

TEST_CASE("in threads: as many work at the same time as there may, the caller's among them") {
  std::atomic<int> working = 0, callers = 0;
  const auto caller = std::this_thread::get_id();
  in_threads(backwards(3), 3, [&](std::size_t) {
    callers += std::this_thread::get_id() == caller;
    for (++working; working < 3;) std::this_thread::yield();  // ends only where all three meet
  });
  CHECK(callers == 1);
}

TEST_CASE("in threads: the error of the least number comes out, when all have ended") {
  for (const std::size_t threads : {1u, 3u}) {
    std::atomic<int> done = 0;
    const auto failing = [&](std::size_t i) {
      ++done;
      if (i % 4 == 2) throw std::runtime_error("piece " + std::to_string(i));
    };
    for (int again = 0; again < 20; ++again)
      CHECK_THROWS_WITH_AS(in_threads(backwards(11), threads, failing), "piece 2",
                           std::runtime_error);
    CHECK(done == 20 * 11);
  }
}
