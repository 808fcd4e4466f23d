// SPDX-License-Identifier: BSD-3-Clause
// Mask generators made of others: one of several, the opposite, always the same.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include <tessera/data/masks.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera {

/// Each mask by one of several generators, chosen with a chance in proportion to its weight; made
/// by one_of.
template <RandomMasks... Masks>
struct OneOf {
  static_assert(sizeof...(Masks) > 0, "one_of: give at least one mask generator");
  std::array<int, sizeof...(Masks)> weights;
  std::tuple<Masks...> masks;

  /// Writes `hole` `[1, height, width]`. Draws one number for the choice, then those of the chosen.
  /// Errors: ArgumentError if a weight is negative or all are 0; those of the chosen generator.
  void draw(RandomStream& random, MutableHoleView hole) const {
    int sum = 0;
    for (const int weight : weights) {
      if (weight < 0 || weight > 1'000'000)
        throw ArgumentError("OneOf: expected weights of 0 to 1000000, got " +
                            std::to_string(weight));
      sum += weight;
    }
    if (sum == 0) throw ArgumentError("OneOf: expected a weight above 0");
    int place = random.integer(0, sum);
    std::size_t chosen = 0;
    while (place >= weights[chosen]) place -= weights[chosen++];
    std::size_t i = 0;
    const auto draw_if_chosen = [&](const auto& m) {
      if (i++ == chosen) m.draw(random, hole);
    };
    std::apply([&](const auto&... m) { (draw_if_chosen(m), ...); }, masks);
  }
};

/// Each with the same chance: `one_of(StrokeMasks{}, RectangleMasks{})`.
template <RandomMasks... Masks>
OneOf<Masks...> one_of(Masks... masks) {
  std::array<int, sizeof...(Masks)> weights;
  weights.fill(1);
  return {weights, {std::move(masks)...}};
}
/// With a chance in proportion to the weights: `one_of({3, 1}, StrokeMasks{}, RectangleMasks{})`.
template <RandomMasks... Masks>
OneOf<Masks...> one_of(const std::array<int, sizeof...(Masks)>& weights, Masks... masks) {
  return {weights, {std::move(masks)...}};
}

/// Holes where another generator leaves the image, and the image where that has holes:
/// `OppositeMasks{CentreMask{}}` keeps the middle only, as for painting beyond the frame.
template <RandomMasks Masks>
struct OppositeMasks {
  Masks masks;

  /// Writes `hole` `[1, height, width]`. Errors: those of `masks`.
  void draw(RandomStream& random, MutableHoleView hole) const {
    masks.draw(random, hole);
    for (std::uint8_t& h : hole.bytes()) h = h == 0;
  }
};
template <class Masks>
OppositeMasks(Masks) -> OppositeMasks<Masks>;

/// One mask of another generator, the same over every image, chosen by a seed of its own.
template <RandomMasks Masks>
struct SameMask {
  Masks masks;
  Seed seed{};

  /// Writes `hole` `[1, height, width]`; draws nothing from the stream it is given.
  /// Errors: those of `masks`.
  void draw(RandomStream&, MutableHoleView hole) const {
    RandomStream own(seed, 0);
    masks.draw(own, hole);
  }
};
template <class Masks, class... Rest>
SameMask(Masks, Rest...) -> SameMask<Masks>;

}  // namespace tessera
