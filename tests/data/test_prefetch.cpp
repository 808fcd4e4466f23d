// SPDX-License-Identifier: BSD-3-Clause
// Batches made ahead: the same bytes in the same order whatever the number of workers and whoever
// is faster; errors, resuming, ending at any moment, no allocation. Also built with
// -fsanitize=thread, without OpenMP.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/data/combined_masks.hpp>
#include <tessera/data/hole_share.hpp>
#include <tessera/data/loader.hpp>
#include <tessera/data/prefetch.hpp>
#include <tessera/data/rectangle_masks.hpp>
#include <tessera/data/split.hpp>
#include <tessera/data/stroke_masks.hpp>

#include "../count_allocations.hpp"

using tessera::Batch;
using tessera::LineMasks;
using tessera::Loader;
using tessera::LoaderOptions;
using tessera::PrefetchLoader;
using tessera::RandomStream;
using tessera::Seed;
using tessera::Shape;
using tessera::View;
using tessera::testing::allocations;

namespace {

using std::chrono::microseconds;

/// Images read at random, at a pace that differs from sample to sample; one sample may fail.
struct Noise {
  std::size_t count = 23;
  microseconds pause{0};                 // of every third sample, on reading
  std::size_t broken = ~std::size_t{0};  // the sample that cannot be read
  std::shared_ptr<std::atomic<int>> reads = std::make_shared<std::atomic<int>>(0);

  std::size_t size() const { return count; }
  Shape shape() const { return {5, 7, 2}; }
  void read(std::size_t index, RandomStream& random, View<float> image) const {
    ++*reads;
    if (index % 3 == 0 && pause.count() > 0) std::this_thread::sleep_for(pause);
    if (index == broken) throw tessera::FileError("image " + std::to_string(index) + " is broken");
    for (std::ptrdiff_t i = 0; i < image.size(); ++i)
      image.data[i] = static_cast<float>(static_cast<double>(index) + random.uniform());
  }
};

/// A batch as bytes, appended.
void append(std::vector<std::uint8_t>& bytes, const Batch& batch) {
  const auto add = [&](const auto* first, std::size_t n) {
    const auto* p = reinterpret_cast<const std::uint8_t*>(first);
    bytes.insert(bytes.end(), p, p + n * sizeof(*first));
  };
  add(&batch.size, 1);
  add(batch.image.data(), static_cast<std::size_t>(batch.images().size()));
  add(batch.hole.data(), batch.holes().bytes().size());
}

template <class L>
std::vector<std::uint8_t> bytes_of(L& loader, std::uint64_t epoch, std::size_t first = 0,
                                   microseconds pause = {}) {
  std::vector<std::uint8_t> bytes;
  Batch batch = loader.make_batch();
  for (loader.start_epoch(epoch, first); loader.next(batch);) {
    append(bytes, batch);
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
  }
  return bytes;
}

const auto training = LoaderOptions::training(4, Seed{7});

}  // namespace

TEST_CASE("prefetch: the number of workers changes no byte") {
  for (const auto& options : {training, LoaderOptions::evaluation(4, Seed{7})})
    for (const microseconds slow_reader : {microseconds{0}, microseconds{300}})
      for (const microseconds slow_caller : {microseconds{0}, microseconds{500}}) {
        const auto data = with_masks(Noise{.pause = slow_reader}, LineMasks{});
        Loader plain(data, options);
        for (const int workers : {0, 1, 2, 5}) {
          PrefetchLoader ahead(data, options, workers);
          CHECK(ahead.workers() == workers);
          for (const std::uint64_t epoch : {1u, 2u, 1u})
            CHECK(bytes_of(ahead, epoch, 0, slow_caller) == bytes_of(plain, epoch));
        }
      }
}

TEST_CASE("prefetch: used as a loader is") {
  const auto data = with_masks(Noise{}, LineMasks{});
  Loader plain(data, training);
  for (const int workers : {0, 1, 3}) {
    PrefetchLoader ahead(data, training, workers);
    CHECK(ahead.batches() == 5);
    CHECK(ahead.samples() == 20);
    CHECK(ahead.shape() == plain.shape());
    CHECK(ahead.options().batch_size == 4);
    CHECK(ahead.data().size() == 23);
    CHECK(ahead.position() == 0);
    Batch a = ahead.make_batch(), b = plain.make_batch();
    plain.start_epoch(0);
    std::size_t n = 0;
    for (; ahead.next(a); ++n) {  // starts at epoch 0 by itself
      REQUIRE(plain.next(b));
      CHECK(ahead.position() == n + 1);
      CHECK(ahead.epoch() == 0);
      CHECK(a.image.data()[0] == b.image.data()[0]);
      CHECK(ahead.sample(4 * n) == plain.sample(4 * n));
    }
    CHECK(n == 5);
    CHECK_FALSE(ahead.next(a));
    Batch other(3, ahead.shape());
    ahead.start_epoch(1);
    CHECK_THROWS_WITH_AS(ahead.next(other),
                         "Loader: expected a batch of 4 images of 5x7x2, got one of 3 of 5x7x2",
                         tessera::ShapeError);
    CHECK(ahead.position() == 0);
    CHECK(ahead.next(a));
  }
  CHECK_THROWS_WITH_AS(PrefetchLoader(data, training, -1),
                       "PrefetchLoader: expected 0 to 256 workers, got -1", tessera::ArgumentError);
  CHECK_THROWS_AS(PrefetchLoader(data, training, 257), tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(PrefetchLoader(data, LoaderOptions::training(24, Seed{}), 2),
                       "Loader: expected at least one whole batch of 24 images, got 23 images",
                       tessera::ArgumentError);
}

TEST_CASE("prefetch: an epoch is resumed at a batch, or left at one") {
  const auto data = with_masks(Noise{.pause = microseconds{100}}, LineMasks{});
  Loader plain(data, training);
  for (const int workers : {0, 1, 2, 5}) {
    PrefetchLoader ahead(data, training, workers);
    for (std::size_t first = 0; first < 7; ++first) {
      CHECK(bytes_of(ahead, 3, first) == bytes_of(plain, 3, first));
      CHECK(ahead.position() == std::max<std::size_t>(first, 5));
      Batch batch = ahead.make_batch();
      ahead.start_epoch(first);  // and is left while batches are made ahead
      for (std::size_t i = 0; i < first % 3; ++i) CHECK(ahead.next(batch));
    }
  }
}

TEST_CASE("prefetch: an error comes with the batch in which it happened, and stays") {
  for (const int workers : {0, 1, 2, 5}) {
    const auto data = with_masks(Noise{.broken = 13}, LineMasks{});
    PrefetchLoader ahead(data, {.batch_size = 4, .shuffle = false}, workers);
    Batch batch = ahead.make_batch();
    for (const std::uint64_t epoch : {1u, 2u}) {
      ahead.start_epoch(epoch);
      for (int i = 0; i < 3; ++i) {
        REQUIRE(ahead.next(batch));
        CHECK(static_cast<int>(batch.image.data()[0]) == 4 * i);
      }
      for (int i = 0; i < 3; ++i) {
        CHECK_THROWS_WITH_AS(ahead.next(batch), "image 13 is broken", tessera::FileError);
        CHECK(ahead.position() == 3);
      }
      ahead.start_epoch(epoch, 4);  // behind it, all is well
      REQUIRE(ahead.next(batch));
      CHECK(static_cast<int>(batch.image.data()[0]) == 16);
      CHECK_FALSE(ahead.next(batch));
    }
  }
}

TEST_CASE("prefetch: can be ended at any moment, without finishing what was begun") {
  for (int round = 0; round < 30; ++round) {
    const auto data = with_masks(Noise{.pause = microseconds{50 * (round % 4)}}, LineMasks{});
    PrefetchLoader ahead(data, training, 1 + round % 4);
    Batch batch = ahead.make_batch();
    if (round % 5 > 0) ahead.start_epoch(static_cast<std::uint64_t>(round));
    for (int i = 0; i < round % 6; ++i) ahead.next(batch);
    if (round % 3 == 0) std::this_thread::sleep_for(microseconds{37 * round});
  }
  // A batch takes 33 x 60 ms = 2 s; the destructor waits for one sample of each worker.
  const auto slow = with_masks(Noise{.count = 300, .pause = microseconds{60'000}}, LineMasks{});
  const auto start = std::chrono::steady_clock::now();
  {
    PrefetchLoader ahead(slow, LoaderOptions::training(100, Seed{7}), 3);
    ahead.start_epoch(1);
    while (*slow.data.reads < 3) std::this_thread::yield();
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds{1000});
  CHECK(*slow.data.reads < 150);
}

TEST_CASE("prefetch: two batches for each worker are made ahead, no more") {
  const auto data = with_masks(Noise{.count = 400}, LineMasks{});
  PrefetchLoader ahead(data, training, 3);
  Batch batch = ahead.make_batch();
  std::this_thread::sleep_for(microseconds{20'000});
  CHECK(*data.data.reads == 0);  // nothing before the first start_epoch or next
  ahead.start_epoch(0);
  REQUIRE(ahead.next(batch));
  for (int i = 0; i < 10'000 && *data.data.reads < 4 * 7; ++i)
    std::this_thread::sleep_for(microseconds{1000});
  std::this_thread::sleep_for(microseconds{20'000});
  CHECK(*data.data.reads == 4 * 7);  // the one given out and six in the ring
}

TEST_CASE("prefetch: no allocation after construction, by loader and masks") {
  const auto masks = tessera::HoleShare{
      tessera::one_of({2, 1}, tessera::StrokeMasks{}, tessera::RectangleMasks{}), 0.2, 0.4};
  const auto parts = split(with_masks(Noise{.count = 60}, masks), 10, Seed{1});
  for (const int workers : {0, 1, 4}) {
    PrefetchLoader ahead(parts.train, training, workers);
    Batch batch = ahead.make_batch();
    ahead.start_epoch(0);
    while (ahead.next(batch)) continue;  // threads have started by now
    const long before = allocations;
    int batches = 0;
    for (std::uint64_t epoch = 1; epoch < 4; ++epoch)
      for (ahead.start_epoch(epoch); ahead.next(batch);) ++batches;
    CHECK(allocations == before);
    CHECK(batches == 36);
  }
}
