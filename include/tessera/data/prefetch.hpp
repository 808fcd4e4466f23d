// SPDX-License-Identifier: BSD-3-Clause
// A loader whose batches are made ahead by threads in the background. A batch is a function of
// (seed, epoch, index), so the number of threads changes no pixel and no order.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/data/loader.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// A Loader with `workers` threads of its own, which fill a ring of two batches for each; with 0
/// workers, a Loader. Used as a Loader is, by one thread:
///
///     PrefetchLoader loader(with_masks(data, LineMasks{}), LoaderOptions::training(100, seed), 2);
///     Batch batch = loader.make_batch();
///     for (int epoch = 0; epoch < epochs; ++epoch)
///       for (loader.start_epoch(epoch); loader.next(batch);) step(batch);
///
/// `next` swaps the caller's batch with the one in the ring: nothing is copied, and nothing is
/// allocated after construction. The data set is read by several threads at once. Nothing is made
/// ahead before the first start_epoch or next. The destructor waits for the samples being read, not
/// for whole batches. Cannot be copied or moved, since its threads use it.
template <ImageSource Data, MaskGenerator Masks>
class PrefetchLoader {
 public:
  /// Starts at epoch 0. Errors: those of Loader; ArgumentError unless 0 <= workers <= 256.
  PrefetchLoader(MaskedData<Data, Masks> data, LoaderOptions options, int workers)
      : loader_(std::move(data), options) {
    if (workers < 0 || workers > 256)
      throw ArgumentError("PrefetchLoader: expected 0 to 256 workers, got " +
                          std::to_string(workers));
    ring_.resize(2 * static_cast<std::size_t>(workers));
    for (Slot& slot : ring_) slot.batch = loader_.make_batch();
    next_to_make_ = batches();  // nothing until start_epoch
    workers_.reserve(static_cast<std::size_t>(workers));
    for (int i = 0; i < workers; ++i)
      workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
  PrefetchLoader(const PrefetchLoader&) = delete;
  PrefetchLoader& operator=(const PrefetchLoader&) = delete;
  ~PrefetchLoader() {
    for (std::jthread& worker : workers_) worker.request_stop();  // all, before the first is joined
  }

  /// As in Loader.
  const LoaderOptions& options() const { return loader_.options(); }
  const MaskedData<Data, Masks>& data() const { return loader_.data(); }
  Shape shape() const { return loader_.shape(); }
  std::size_t batches() const { return loader_.batches(); }
  std::size_t samples() const { return loader_.samples(); }
  std::size_t sample(std::size_t place) const { return loader_.sample(place); }
  std::uint64_t epoch() const { return loader_.epoch(); }
  Batch make_batch() const { return loader_.make_batch(); }
  int workers() const { return static_cast<int>(workers_.size()); }
  /// The batch that next gives, however many are made ahead: what a checkpoint stores.
  std::size_t position() const { return ring_.empty() ? loader_.position() : position_; }

  /// Begins an epoch, or resumes it at a batch; earlier epochs have no influence. Waits for batches
  /// that are being made, and drops those made ahead.
  void start_epoch(std::uint64_t epoch, std::size_t first_batch = 0) {
    std::unique_lock lock(mutex_);
    next_to_make_ = batches();  // hands out no more
    changed_.wait(lock, [&] { return busy_ == 0; });
    loader_.start_epoch(epoch, first_batch);
    for (Slot& slot : ring_) {
      slot.made = false;
      slot.error = nullptr;
    }
    position_ = next_to_make_ = first_batch;
    started_ = true;
    changed_.notify_all();
  }

  /// Gives the next batch of the epoch, waiting for it where need be; false, and the batch
  /// untouched, where the epoch is over. Errors: ShapeError if `batch` has other sizes; whatever
  /// reading the samples of this batch throws, again and again until start_epoch.
  bool next(Batch& batch) {
    if (ring_.empty()) return loader_.next(batch);
    if (!started_) start_epoch(loader_.epoch(), loader_.position());
    if (position_ >= batches()) return false;
    loader_.check(batch);
    Slot& slot = ring_[position_ % ring_.size()];
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return slot.made; });
    if (slot.error) std::rethrow_exception(slot.error);
    std::swap(batch, slot.batch);
    slot.made = false;
    ++position_;
    changed_.notify_all();
    return true;
  }

 private:
  /// Batch b of the epoch is made in slot b mod the size of the ring, once the batch before it
  /// there has been given out.
  struct Slot {
    Batch batch;
    bool made = false;
    std::exception_ptr error;  // what making it threw
  };

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto has_work = [&] {
      return next_to_make_ < batches() && next_to_make_ < position_ + ring_.size();
    };
    while (changed_.wait(lock, stop, has_work) && !stop.stop_requested()) {
      const std::size_t index = next_to_make_++;
      Slot& slot = ring_[index % ring_.size()];
      ++busy_;
      lock.unlock();
      std::exception_ptr error;
      try {
        loader_.fill(index, slot.batch, stop);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      slot.error = std::move(error);
      slot.made = true;
      --busy_;
      changed_.notify_all();
    }
  }

  Loader<Data, Masks> loader_;  // its order changes only while no worker is busy
  std::vector<Slot> ring_;
  std::size_t position_ = 0;  // the batch that next gives
  bool started_ = false;
  std::mutex mutex_;  // guards what follows, position_ as read by workers, and made and error
  std::condition_variable_any changed_;
  std::size_t next_to_make_ = 0;       // next for a worker; batches() and above: none
  int busy_ = 0;                       // batches being made
  std::vector<std::jthread> workers_;  // last: joined before the rest goes
};

}  // namespace tessera
