// SPDX-License-Identifier: BSD-3-Clause
// Independent pieces of work, of very different length, in several threads.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <span>
#include <system_error>
#include <thread>
#include <vector>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// Calls work(i) for each i of `order`, the numbers 0 to n - 1 in any order, which is that in which
/// they begin, in at most `threads` threads with the caller's among them. Errors: that of the least
/// i whose work threw, when all have ended; a thread that cannot be made is no error.
template <class Work>
void in_threads(std::span<const std::size_t> order, std::size_t threads, const Work& work) {
  std::vector<std::exception_ptr> errors(order.size());
  std::atomic<std::size_t> next = 0;
  const auto take_turns = [&] {
    for (std::size_t turn; (turn = next++) < order.size();) {
      try {
        work(order[turn]);
      } catch (...) {
        errors[order[turn]] = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    try {
      while (others.size() + 1 < std::min(threads, order.size())) others.emplace_back(take_turns);
    } catch (const std::system_error&) {  // the threads that there are do it too
    }
    take_turns();
  }
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace tessera::cuda
