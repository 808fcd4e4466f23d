// SPDX-License-Identifier: BSD-3-Clause
// Masks as text, for tests: a row of the mask is a string, # = hole.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tessera/tensor/random.hpp>

using Picture = std::vector<std::string>;

/// What `masks` draws from stream `stream` of seed 5, as bytes: every one is written, none outside.
template <class Masks>
std::vector<std::uint8_t> drawn_bytes(const Masks& masks, std::uint64_t stream, int height,
                                      int width) {
  const auto n = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  std::vector<std::uint8_t> hole(n + 128, 9);  // 64 guard bytes on either side
  tessera::RandomStream random(tessera::Seed{5}, stream);
  masks.draw(random, tessera::MutableHoleView{hole.data() + 64, 1, height, width});
  bool outside = false, unwritten = false;
  for (std::size_t i = 0; i < hole.size(); ++i)
    (i >= 64 && i < n + 64 ? unwritten : outside) |=
        i >= 64 && i < n + 64 ? hole[i] > 1 : hole[i] != 9;
  if (outside || unwritten) return {};
  return {hole.begin() + 64, hole.end() - 64};
}

inline Picture picture(const std::vector<std::uint8_t>& hole, int height, int width) {
  Picture rows;
  for (int y = 0; y < height && !hole.empty(); ++y) {
    std::string row;
    for (int x = 0; x < width; ++x)
      row += hole[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)]
                 ? '#'
                 : '.';
    rows.push_back(row);
  }
  return rows;
}

template <class Masks>
Picture drawn(const Masks& masks, std::uint64_t stream, int height, int width) {
  return picture(drawn_bytes(masks, stream, height, width), height, width);
}
