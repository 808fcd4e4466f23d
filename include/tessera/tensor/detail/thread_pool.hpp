// SPDX-License-Identifier: BSD-3-Clause
// The threads that parallel_for spreads its tasks over: one set for the whole program, started when
// they are needed. Who has nothing to do spins for some microseconds, as long as it takes from one
// loop of a network to the next, and then sleeps: on a machine that other programs keep busy,
// threads that spin on take the time that the working ones need.
#pragma once
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::threads {

/// Tells the core that this thread waits.
inline void pause_core() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Whether this thread runs a task: loops within tasks are not spread.
inline thread_local bool inside_task = false;

/// Threads that help with loops. Any number of threads may call `run` at once.
class ThreadPool {
 public:
  using Call = void (*)(const void* task, std::ptrdiff_t i);

  /// The program's. It is never destroyed; its threads end when the program does. A child of fork
  /// has only the thread that called it, and gets a pool of its own.
  static ThreadPool& instance() {
    ThreadPool* pool = current().load(std::memory_order_acquire);
    return pool ? *pool : make();
  }

  /// call(task, i) for i in [0, count), on this thread and up to `threads` - 1 others. The indices
  /// are taken in ascending order. Where tasks throw, no further ones are begun, and the exception
  /// of the lowest index goes on here: that is the one a plain loop would meet.
  void run(int threads, std::ptrdiff_t count, Call call, const void* task) {
    Job job{call, task, count};
    const std::ptrdiff_t others = count - 1 < threads - 1 ? count - 1 : threads - 1;
    job.wanted = static_cast<int>(others);
    int sleepers = 0;
    {
      const auto lock = lock_soon();
      start(job.wanted);
      append(job);
      sleepers = job.wanted - spinning_ < sleeping_ ? job.wanted - spinning_ : sleeping_;
    }
    posted_.fetch_add(1, std::memory_order_release);
    for (; sleepers > 0; --sleepers) work_.notify_one();
    inside_task = true;
    take_tasks(job);
    inside_task = false;
    {
      auto lock = lock_soon();
      remove(job);
      if (job.helpers > 0) {
        lock.unlock();
        spin([&] { return job.helpers.load(std::memory_order_acquire) == 0; });
        lock.lock();  // who left last may hold it still
        left_.wait(lock, [&] { return job.helpers == 0; });
      }
    }
    if (job.error) std::rethrow_exception(job.error);
  }

 private:
  /// A loop, on the stack of its caller; others touch it only between their entry in `helpers` and
  /// the end of it, which is under the lock.
  struct Job {
    Call call;
    const void* task;
    std::ptrdiff_t count;
    std::atomic<std::ptrdiff_t> next{0};
    std::atomic<int> helpers{0};
    int wanted = 0;  // helpers that it still takes
    Job *before = nullptr, *behind = nullptr;
    std::ptrdiff_t error_index = 0;
    std::exception_ptr error{};
  };

  ThreadPool() = default;

  // --- one for the program ---------------------------------------------------------------------

  static std::atomic<ThreadPool*>& current() {
    static std::atomic<ThreadPool*> pool{nullptr};
    return pool;
  }
  static ThreadPool& make() {
    static std::once_flag once;
    std::call_once(once, [] {
      pthread_atfork(nullptr, nullptr, [] { abandon(); });
      static const struct Closer {
        ~Closer() {
          if (ThreadPool* const pool = current().load()) pool->close();
        }
      } closer;
    });
    ThreadPool* expected = nullptr;
    ThreadPool* const made = new ThreadPool;
    if (current().compare_exchange_strong(expected, made)) return *made;
    delete made;  // another thread was faster
    return *expected;
  }
  /// In a child of fork: the threads are not there, and the lock may be held by one of them.
  static void abandon() {
    static std::atomic<ThreadPool*> last{nullptr};  // within reach of leak checkers
    if (ThreadPool* const pool = current().exchange(nullptr)) {
      pool->older_ = last.load();
      last = pool;
    }
  }

  /// As many threads as a loop lacks. Loops of several callers share the cores.
  void start(int wanted) {
    const auto size = [&] { return static_cast<int>(threads_.size()); };
    int lacking = wanted - (size() - helping_);
    if (lacking <= 0 || closing_) return;
    const int cores = static_cast<int>(std::thread::hardware_concurrency()) - 1;
    const int most = wanted > cores ? wanted : cores;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);  // signals are the program's own threads' business
    try {
      for (; lacking > 0 && size() < most; --lacking) threads_.emplace_back([this] { help(); });
    } catch (const std::system_error&) {  // no more threads: those there are do the work
    }
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
  }
  void help() {
    inside_task = true;
    std::unique_lock lock(mutex_);
    while (!closing_) {
      const unsigned seen = posted_.load(std::memory_order_relaxed);
      if (Job* const job = open_job()) {
        --job->wanted;
        ++helping_;
        job->helpers.fetch_add(1, std::memory_order_relaxed);
        lock.unlock();
        take_tasks(*job);
        lock = lock_soon();
        --helping_;
        if (job->helpers.fetch_sub(1, std::memory_order_release) == 1) left_.notify_all();
        continue;
      }
      ++spinning_;
      lock.unlock();
      spin([&] { return posted_.load(std::memory_order_acquire) != seen; });
      lock = lock_soon();
      --spinning_;
      if (posted_.load(std::memory_order_relaxed) != seen) continue;
      ++sleeping_;
      work_.wait(lock, [&] { return open_job() || closing_; });
      --sleeping_;
    }
  }
  /// At the program's end. Loops that run on are finished by their callers.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    posted_.fetch_add(1, std::memory_order_release);
    work_.notify_all();
    for (std::thread& thread : threads_)
      if (thread.get_id() == std::this_thread::get_id()) thread.detach();  // a task called exit
      else thread.join();
  }

  void take_tasks(Job& job) {
    for (;;) {
      const std::ptrdiff_t i = job.next.fetch_add(1, std::memory_order_relaxed);
      if (i >= job.count) return;
      try {
        job.call(job.task, i);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        job.next.store(job.count, std::memory_order_relaxed);
        if (job.error && job.error_index < i) continue;
        job.error = std::current_exception();
        job.error_index = i;
      }
    }
  }

  // --- under the lock --------------------------------------------------------------------------

  Job* open_job() const {
    for (Job* job = first_; job; job = job->behind)
      if (job->wanted > 0 && job->next.load(std::memory_order_relaxed) < job->count) return job;
    return nullptr;
  }
  void append(Job& job) {
    job.before = last_;
    (last_ ? last_->behind : first_) = &job;
    last_ = &job;
  }
  void remove(Job& job) {
    (job.before ? job.before->behind : first_) = job.behind;
    (job.behind ? job.behind->before : last_) = job.before;
  }

  template <class Done>
  static void spin(const Done& done) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::microseconds(50);
    do {
      for (int i = 0; i < 16; ++i) {
        if (done()) return;
        pause_core();
      }
    } while (Clock::now() < end);
  }
  /// The lock is held for a few instructions at a time: sleeping would take longer.
  std::unique_lock<std::mutex> lock_soon() {
    for (int i = 0; i < 64; ++i) {
      std::unique_lock lock(mutex_, std::try_to_lock);
      if (lock) return lock;
      pause_core();
    }
    return std::unique_lock(mutex_);
  }

  std::mutex mutex_;
  std::condition_variable work_, left_;
  std::atomic<unsigned> posted_{0};  // jobs so far: a hint for those who spin
  Job *first_ = nullptr, *last_ = nullptr;
  int helping_ = 0, spinning_ = 0, sleeping_ = 0;  // threads
  bool closing_ = false;
  std::vector<std::thread> threads_;
  ThreadPool* older_ = nullptr;  // of a child of fork
};

}  // namespace tessera::inline TESSERA_ABI::threads
