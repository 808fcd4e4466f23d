// SPDX-License-Identifier: BSD-3-Clause
// The loader: every sample once, the same pixels whatever the batch size, order and threads, no
// allocation between batches.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/data/loader.hpp>

#include "../count_allocations.hpp"

using tessera::Batch;
using tessera::FixedMasks;
using tessera::ImageSet;
using tessera::LineMasks;
using tessera::Loader;
using tessera::LoaderOptions;
using tessera::RectangleMask;
using tessera::Seed;
using tessera::testing::allocations;

namespace {

constexpr tessera::Shape shape{6, 8, 3};
constexpr std::size_t pixels = 48, numbers = 48 * 3;

/// Images of one value each: image i is i + 1, so that a sample in a batch can be told.
ImageSet numbered_images(std::size_t count) {
  tessera::Buffer<std::uint8_t> bytes(count * numbers);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(i / numbers + 1);
  return {shape, std::move(bytes)};
}
std::size_t sample_of(const Batch& batch, int i) {
  return static_cast<std::size_t>(batch.image.view()(i, 0, 0, 0) * 255.0f + 0.5f) - 1;
}
std::vector<std::uint8_t> hole_of(const Batch& batch, int i) {
  const auto* first = batch.hole.data() + static_cast<std::size_t>(i) * pixels;
  return {first, first + pixels};
}

using Epoch = std::vector<std::pair<std::size_t, std::vector<std::uint8_t>>>;  // sample, its mask

template <class L>
Epoch run(L& loader, std::uint64_t epoch) {
  Epoch out;
  Batch batch = loader.make_batch();
  for (loader.start_epoch(epoch); loader.next(batch);)
    for (int i = 0; i < batch.size; ++i) out.emplace_back(sample_of(batch, i), hole_of(batch, i));
  return out;
}
std::map<std::size_t, std::vector<std::uint8_t>> masks_of(const Epoch& epoch) {
  return {epoch.begin(), epoch.end()};
}
std::vector<std::size_t> order_of(const Epoch& epoch) {
  std::vector<std::size_t> order;
  for (const auto& sample : epoch) order.push_back(sample.first);
  return order;
}

auto line_loader(std::size_t count, LoaderOptions options) {
  return Loader(tessera::with_masks(numbered_images(count), LineMasks{}), options);
}

}  // namespace

TEST_CASE("loader: a batch holds the truth and its holes") {
  Loader loader(tessera::with_masks(numbered_images(5), RectangleMask{1, 2, 3, 4}),
                LoaderOptions::training(2, Seed{7}));
  Batch batch = loader.make_batch();
  CHECK(batch.capacity() == 2);
  CHECK(batch.size == 0);
  REQUIRE(loader.next(batch));
  CHECK(batch.size == 2);
  CHECK(batch.images().shape() == shape);
  CHECK(batch.images().batch == 2);
  CHECK(batch.holes().bytes().size() == 2 * pixels);
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 6; ++h)
      for (int w = 0; w < 8; ++w) {
        const bool hole = h >= 1 && h < 4 && w >= 2 && w < 6;
        const auto p = static_cast<std::size_t>((n * 6 + h) * 8 + w);
        REQUIRE(batch.hole[p] == (hole ? 1 : 0));
        for (int c = 0; c < 3; ++c)
          REQUIRE(batch.images()(n, h, w, c) ==
                  static_cast<float>(sample_of(batch, n) + 1) / 255.0f);
      }
}

TEST_CASE("loader: training takes whole batches, each sample at most once, in a new order") {
  auto loader = line_loader(23, LoaderOptions::training(5, Seed{7}));
  CHECK(loader.batches() == 4);
  CHECK(loader.samples() == 20);
  const auto first = order_of(run(loader, 0)), second = order_of(run(loader, 1));
  CHECK(first.size() == 20);
  CHECK(std::set(first.begin(), first.end()).size() == 20);
  CHECK(first != second);
  CHECK_FALSE(std::is_sorted(first.begin(), first.end()));
  CHECK(order_of(run(loader, 0)) == first);  // earlier epochs leave no trace
  loader.start_epoch(0);
  for (std::size_t i = 0; i < 20; ++i) CHECK(loader.sample(i) == first[i]);
  auto other = line_loader(23, LoaderOptions::training(5, Seed{8}));
  CHECK(order_of(run(other, 0)) != first);
}

TEST_CASE("loader: evaluation takes every sample in order, the last batch short") {
  auto loader = line_loader(23, LoaderOptions::evaluation(5, Seed{12345}));
  CHECK(loader.batches() == 5);
  CHECK(loader.samples() == 23);
  const auto epoch = run(loader, 0);
  REQUIRE(epoch.size() == 23);
  for (std::size_t i = 0; i < 23; ++i) CHECK(epoch[i].first == i);
  CHECK(run(loader, 9) == epoch);  // fixed masks
  Batch batch = loader.make_batch();
  loader.fill(4, batch);
  CHECK(batch.size == 3);
  CHECK(batch.images().batch == 3);
  CHECK(batch.holes().bytes().size() == 3 * pixels);
  auto small = line_loader(3, LoaderOptions::evaluation(5, Seed{12345}));
  CHECK(small.batches() == 1);
  CHECK(masks_of(run(small, 0)).at(2) == masks_of(epoch).at(2));
}

TEST_CASE("loader: each order of the samples is about equally likely") {
  std::map<std::vector<std::size_t>, int> counts;
  auto loader = line_loader(4, {.batch_size = 4, .seed = Seed{3}});
  for (std::uint64_t epoch = 0; epoch < 2400; ++epoch) {
    loader.start_epoch(epoch);
    ++counts[{loader.sample(0), loader.sample(1), loader.sample(2), loader.sample(3)}];
  }
  CHECK(counts.size() == 24);
  double chi_square = 0;  // 23 degrees of freedom: 49.7 is passed by chance once in a thousand
  for (const auto& [order, n] : counts) chi_square += (n - 100.0) * (n - 100.0) / 100.0;
  CHECK(chi_square < 49.7);
}

TEST_CASE("loader: masks depend on seed, epoch and sample, not on batches") {
  auto by_five = line_loader(20, LoaderOptions::training(5, Seed{7}));
  auto by_two = line_loader(20, LoaderOptions::training(2, Seed{7}));
  const auto epoch = run(by_five, 3);
  CHECK(run(by_two, 3) == epoch);
  auto in_order = line_loader(20, {.batch_size = 4, .seed = Seed{7}, .shuffle = false});
  CHECK(masks_of(run(in_order, 3)) == masks_of(epoch));
  CHECK(masks_of(run(by_five, 4)) != masks_of(epoch));
  auto other = line_loader(20, LoaderOptions::training(5, Seed{8}));
  CHECK(masks_of(run(other, 3)) != masks_of(epoch));
  std::set<std::vector<std::uint8_t>> different;
  for (const auto& sample : epoch) different.insert(sample.second);
  CHECK(different.size() >= 18);
}

TEST_CASE("loader: an epoch can be resumed at a batch") {
  auto loader = line_loader(20, LoaderOptions::training(5, Seed{7}));
  const auto whole = run(loader, 2);
  loader.start_epoch(2, 3);
  Batch batch = loader.make_batch();
  REQUIRE(loader.next(batch));
  for (int i = 0; i < 5; ++i)
    CHECK(sample_of(batch, i) == whole[15 + static_cast<std::size_t>(i)].first);
  CHECK(loader.position() == 4);
  CHECK_FALSE(loader.next(batch));
  loader.start_epoch(2, 99);
  CHECK_FALSE(loader.next(batch));
}

TEST_CASE("loader: batches made by several threads are the same") {
  auto loader = line_loader(40, LoaderOptions::training(4, Seed{7}));
  loader.start_epoch(1);
  std::vector<Batch> alone, together;
  for (std::size_t i = 0; i < loader.batches(); ++i) {
    loader.fill(i, alone.emplace_back(loader.make_batch()));
    together.push_back(loader.make_batch());
  }
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = loader.batches(); i-- > 0;)
        if (i % 4 == t) std::as_const(loader).fill(i, together[i]);
    });
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < alone.size(); ++i) {
    CHECK(std::ranges::equal(alone[i].image.span(), together[i].image.span()));
    CHECK(std::ranges::equal(alone[i].hole.span(), together[i].hole.span()));
  }
}

TEST_CASE("loader: no allocation after construction") {
  auto loader = line_loader(40, LoaderOptions::training(4, Seed{7}));
  Batch batch = loader.make_batch();
  const long before = allocations;
  int batches = 0;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch)
    for (loader.start_epoch(epoch); loader.next(batch);) ++batches;
  CHECK(allocations == before);
  CHECK(batches == 30);
  CHECK(before > 0);
}

TEST_CASE("loader: masks made beforehand go with their samples, whatever order and seed") {
  const auto masks_for = [](std::size_t count) {
    tessera::Buffer<std::uint8_t> bytes(count * pixels);
    for (std::size_t i = 0; i < count; ++i) bytes[i * pixels + i] = 1;  // plane i: pixel i
    return FixedMasks(6, 8, std::move(bytes));
  };
  const auto check = [](const Epoch& epoch) {
    for (const auto& [sample, hole] : epoch) {
      std::vector<std::uint8_t> expected(pixels);
      expected[sample] = 1;
      CHECK(hole == expected);
    }
  };
  const auto data = tessera::with_masks(numbered_images(20), masks_for(23));
  Loader evaluation(data, LoaderOptions::evaluation(6, Seed{1}));
  const auto in_order = run(evaluation, 0);
  CHECK(in_order.size() == 20);
  check(in_order);
  Loader training(data, LoaderOptions::training(5, Seed{2}));
  CHECK(order_of(run(training, 1)) != order_of(in_order));
  check(run(training, 1));

  Batch batch = evaluation.make_batch();
  const long before = allocations;
  for (evaluation.start_epoch(0); evaluation.next(batch);) {
    for (int i = 0; i < batch.size; ++i)
      CHECK(batch.holes().bytes()[static_cast<std::size_t>(i) * pixels + sample_of(batch, i)] == 1);
  }
  CHECK(batch.size == 2);
  CHECK(allocations == before);

  CHECK_THROWS_WITH_AS(tessera::with_masks(numbered_images(20), masks_for(19)),
                       "FixedMasks: expected a plane for each of 20 images, got 19",
                       tessera::ArgumentError);
  const FixedMasks turned(8, 6, tessera::Buffer<std::uint8_t>(20 * pixels));
  CHECK_THROWS_WITH_AS(tessera::with_masks(numbered_images(20), turned),
                       "FixedMasks: the images have 6x8 pixels, the planes 8x6",
                       tessera::ArgumentError);
  const tessera::MaskedData<ImageSet, FixedMasks> unchecked{numbered_images(20), turned};
  CHECK_THROWS_AS(Loader(unchecked, LoaderOptions::evaluation(6, Seed{1})), tessera::ArgumentError);
}

namespace {

/// Images that are read at random: every number is sample + a uniform draw.
struct Noise {
  std::size_t count;
  std::size_t size() const { return count; }
  tessera::Shape shape() const { return ::shape; }
  void read(std::size_t index, tessera::RandomStream& random, tessera::View<float> image) const {
    for (std::ptrdiff_t i = 0; i < image.size(); ++i)
      image.data[i] = static_cast<float>(static_cast<double>(index) + random.uniform());
  }
};
static_assert(tessera::RandomDataset<Noise> && !tessera::Dataset<Noise>);

/// The first number of each sample of an epoch, by sample.
template <class L>
std::map<std::size_t, float> read_of(L& loader, std::uint64_t epoch) {
  std::map<std::size_t, float> first;
  Batch batch = loader.make_batch();
  for (loader.start_epoch(epoch); loader.next(batch);)
    for (int i = 0; i < batch.size; ++i) {
      const float value = batch.images()(i, 0, 0, 0);
      first[static_cast<std::size_t>(value)] = value;
    }
  return first;
}

}  // namespace

TEST_CASE("loader: what is read at random depends on seed, epoch and sample") {
  const auto data = tessera::with_masks(Noise{20}, LineMasks{});
  Loader by_five(data, LoaderOptions::training(5, Seed{7}));
  Loader in_order(data, {.batch_size = 2, .seed = Seed{7}, .shuffle = false});
  const auto epoch = read_of(by_five, 3);
  CHECK(epoch.size() == 20);
  CHECK(read_of(in_order, 3) == epoch);
  CHECK(read_of(by_five, 3) == epoch);  // earlier epochs leave no trace
  std::set<float> draws;
  for (const auto& [sample, value] : epoch) {
    draws.insert(value - static_cast<float>(sample));
    CHECK(read_of(by_five, 4).at(sample) != value);
  }
  CHECK(draws.size() == 20);
  Loader other(data, LoaderOptions::training(5, Seed{8}));
  CHECK(read_of(other, 3) != epoch);

  Loader evaluation(data, LoaderOptions::evaluation(6, Seed{7}));
  const auto fixed = read_of(evaluation, 0);
  CHECK(fixed.size() == 20);
  CHECK(read_of(evaluation, 9) == fixed);
  CHECK(fixed != epoch);
}

TEST_CASE("loader: masks and order are the same whether images are read at random or not") {
  const auto options = LoaderOptions::training(5, Seed{7});
  Loader noise(tessera::with_masks(Noise{20}, LineMasks{}), options);
  auto plain = line_loader(20, options);
  Batch a = noise.make_batch(), b = plain.make_batch();
  noise.start_epoch(2);
  plain.start_epoch(2);
  while (noise.next(a)) {
    REQUIRE(plain.next(b));
    CHECK(std::ranges::equal(a.hole.span(), b.hole.span()));
    for (int i = 0; i < 5; ++i)
      CHECK(static_cast<std::size_t>(a.images()(i, 0, 0, 0)) == sample_of(b, i));
  }
}

TEST_CASE("loader: the order and masks of a seed, kept from version to version") {
  auto loader = line_loader(8, LoaderOptions::training(4, Seed{7}));
  const auto epoch = run(loader, 1);
  CHECK(order_of(epoch) == std::vector<std::size_t>{4, 6, 3, 0, 5, 7, 2, 1});
  std::uint64_t hash = 1469598103934665603u;
  for (const auto& sample : epoch)
    for (const std::uint8_t hole : sample.second) hash = (hash ^ hole) * 1099511628211u;
  CHECK(hash == 0xa865c09296137fa8u);
}

TEST_CASE("loader: leaves off when asked to stop") {
  auto loader = line_loader(8, LoaderOptions::training(4, Seed{7}));
  Batch batch = loader.make_batch();
  loader.fill(0, batch);
  CHECK(batch.size == 4);
  std::stop_source source;
  source.request_stop();
  loader.fill(0, batch, source.get_token());
  CHECK(batch.size == 0);
}

TEST_CASE("loader: what it refuses") {
  CHECK_THROWS_WITH_AS(line_loader(5, LoaderOptions::training(0, Seed{})),
                       "Loader: expected a positive batch size, got 0", tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(line_loader(5, LoaderOptions::training(6, Seed{})),
                       "Loader: expected at least one whole batch of 6 images, got 5 images",
                       tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(line_loader(0, LoaderOptions::evaluation(6, Seed{})),
                       "Loader: expected 1 to 2147483647 images, got 0", tessera::ArgumentError);
  auto loader = line_loader(5, LoaderOptions::training(2, Seed{}));
  Batch batch = loader.make_batch(), other(3, shape), none;
  CHECK_THROWS_WITH_AS(loader.fill(2, batch), "Loader: expected a batch below 2, got 2",
                       tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(loader.fill(0, other),
                       "Loader: expected a batch of 2 images of 6x8x3, got one of 3 of 6x8x3",
                       tessera::ShapeError);
  CHECK_THROWS_AS(loader.next(none), tessera::ShapeError);
  CHECK_THROWS_AS(loader.sample(4), tessera::ArgumentError);
}
