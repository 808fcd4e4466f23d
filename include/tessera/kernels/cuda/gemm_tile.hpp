// SPDX-License-Identifier: BSD-3-Clause
// Tiles of a matrix product on a GPU: their shapes, and how a block brings a tile of one factor
// from wherever it comes from to shared memory.
#pragma once
#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tessera/cuda/context.hpp>
#include <tessera/cuda/precision.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(gemm_shape_text, (),
  // A block's tile: WarpsM x WarpsN warps with WarpRows x WarpColumns results each; the lanes of a
  // warp stand LanesN abreast. Depth: rows of words in shared memory, summed between two barriers.
  template <int WarpsM, int WarpsN, int WarpRows, int WarpColumns, int LanesN, int Depth, int Fours>
  struct GemmShape {
    static constexpr int warps_m = WarpsM;
    static constexpr int warp_rows = WarpRows;
    static constexpr int warp_columns = WarpColumns;
    static constexpr int rows = WarpsM * WarpRows;
    static constexpr int columns = WarpsN * WarpColumns;
    static constexpr int threads = 32 * WarpsM * WarpsN;
    static constexpr int lanes_n = LanesN;
    static constexpr int lanes_m = 32 / LanesN;
    static constexpr int depth = Depth;
    static constexpr int fours = Fours;  // the first factor has its numbers in aligned fours
    static constexpr int factors = Depth * (rows + columns);  // two of these, or all results
    static constexpr int words = 2 * factors > rows * columns ? 2 * factors : rows * columns;
  };
  template <int Tile> struct GemmTile;
  template <> struct GemmTile<0> : GemmShape<2, 1, 32, 32, 8, 16, 0> {};  // 64 x 32, any factor
  template <> struct GemmTile<1> : GemmShape<2, 1, 32, 32, 8, 16, 1> {};  // 64 x 32
  template <> struct GemmTile<2> : GemmShape<4, 2, 32, 32, 8, 16, 1> {};  // 128 x 64
  template <> struct GemmTile<3> : GemmShape<4, 1, 64, 8, 2, 8, 1> {};    // 256 x 8
)

TESSERA_CUDA_TEXT(gemm_operand_text, (&gemm_shape_text),
  // N numbers that are read and written at once.
  template <class T, int N>
  struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Few {
    T v[N];
  };
  // What lies in shared memory, by engine. 0: the numbers. 1: float as tf32. 2: two neighbours
  // along k as a pair of bf16. So tiles of engines 1 and 2 look alike to a tensor core.
  template <int Engine, class T> struct GemmWord {
    using type = unsigned;
    static constexpr int numbers = Engine;
    static unsigned of(T low, T high) {
      if constexpr (Engine == 2) return pack_bf16(low, high);
      else return to_tf32(low);
    }
  };
  template <class T> struct GemmWord<0, T> {
    using type = T;
    static constexpr int numbers = 1;
    static T of(T low, T) { return low; }
  };
  // Where word (k, m) of a tile lies. Eights of columns change places such that neither rows read
  // by a warp nor the columns that it writes meet in a bank.
  template <int Size>
  __device__ __forceinline__ int gemm_place(int k, int m) {
    constexpr int mask = Size >= 32 ? 3 : Size / 8 - 1;
    return k * Size + (m ^ ((((k >> 2) ^ k) & mask) << 3));
  }

  // A factor on its way to shared memory: a thread reads chunks of four numbers, along k if
  // Source::along_k, else across. Aligned fours are read while the tile before is multiplied, and
  // kept in registers; others, which take more instructions than memory takes time, are not.
  // Source: Row row(m), .. step(k), Chunk load(row, step), T value(chunk, j).
  template <int Engine, int Tile, int Size, class T, class Source>
  struct GemmOperand {
    using Shape = GemmTile<Tile>;
    using Word = GemmWord<Engine, T>;
    using Chunk = typename Source::Chunk;
    static constexpr int along_k = Source::along_k;
    static constexpr int kept = Shape::fours;
    static constexpr int across = along_k ? Shape::depth * Word::numbers / 4 : Size / 4;
    static constexpr int at_once = Shape::threads / across;
    static constexpr int extent = along_k ? Size : Shape::depth;
    static constexpr int passes = (extent + at_once - 1) / at_once;
    static constexpr int parts = along_k ? 1 : Word::numbers;
    const Source& source;
    int m0;
    int four;
    int first;
    typename Source::Row rows[along_k && kept ? passes : 1];
    Chunk chunks[kept ? passes * parts : 1];

    __forceinline__ GemmOperand(const Source& from, int begin)
        : source(from), m0(begin), four(static_cast<int>(threadIdx.x) % across * 4),
          first(static_cast<int>(threadIdx.x) / across) {
      if constexpr (!along_k) rows[0] = source.row(m0 + four);
      else if constexpr (kept) {
        TESSERA_CUDA_UNROLL
        for (int s = 0; s < passes; ++s) rows[s] = source.row(m0 + first + s * at_once);
      }
    }
    __forceinline__ static constexpr bool inside(int at) {
      return passes * at_once == extent || at < extent;
    }
    // Reads the tile that begins at k0, where it is kept.
    __forceinline__ void load(int k0) {
      if constexpr (kept && along_k) {
        const auto step = source.step(k0 + four);
        TESSERA_CUDA_UNROLL
        for (int s = 0; s < passes; ++s)
          if (inside(first + s * at_once)) chunks[s] = source.load(rows[s], step);
      } else if constexpr (kept) {
        TESSERA_CUDA_UNROLL
        for (int s = 0; s < passes; ++s) {
          TESSERA_CUDA_UNROLL
          for (int j = 0; j < parts; ++j)
            if (inside(first + s * at_once))
              chunks[s * parts + j] = load_across(k0, first + s * at_once, j);
        }
      }
    }
    // Puts it into shared memory.
    __forceinline__ void put(typename Word::type* tile, int k0) const {
      if constexpr (kept) {
        TESSERA_CUDA_UNROLL
        for (int s = 0; s < passes; ++s) {
          const int at = first + s * at_once;
          if (inside(at)) write(tile, at, chunks[s * parts], chunks[s * parts + parts - 1]);
        }
      } else if constexpr (along_k) {
        const auto step = source.step(k0 + four);
        for (int at = first; at < extent; at += at_once) {
          const Chunk chunk = source.load(source.row(m0 + at), step);
          write(tile, at, chunk, chunk);
        }
      } else {
        for (int at = first; at < extent; at += at_once) {
          const Chunk low = load_across(k0, at, 0);
          if constexpr (parts == 1) write(tile, at, low, low);
          else write(tile, at, low, load_across(k0, at, 1));
        }
      }
    }
    __forceinline__ Chunk load_across(int k0, int at, int j) const {
      return source.load(rows[0], source.step(k0 + at * parts + j));
    }
    __forceinline__ void write(typename Word::type* tile, int at, const Chunk& low,
                               const Chunk& high) const {
      if constexpr (along_k) {
        TESSERA_CUDA_UNROLL
        for (int j = 0; j < 4; j += Word::numbers)
          tile[gemm_place<Size>((four + j) / Word::numbers, at)] =
              Word::of(source.value(low, j), source.value(low, j + Word::numbers - 1));
      } else {
        Few<typename Word::type, 4> words;
        TESSERA_CUDA_UNROLL
        for (int j = 0; j < 4; ++j)
          words.v[j] = Word::of(source.value(low, j), source.value(high, j));
        *reinterpret_cast<Few<typename Word::type, 4>*>(tile + gemm_place<Size>(at, four)) = words;
      }
    }
  };
)
// clang-format on

/// How a product of [rows, depth] by [depth, columns], repeated `copies` times, is cut: the tile,
/// and slices of the depth that different blocks sum, then added in order. By shape alone.
struct GemmCut {
  int tile = 0, slices = 1, slice_depth = 0;
  long blocks = 0;  // of one copy and slice

  /// fours: whether the first factor can be read in aligned fours of numbers
  template <class T>
  static constexpr GemmCut of(long rows, long columns, long depth, bool fours, long copies = 1) {
    constexpr long enough = 264;  // blocks that keep a large GPU busy: two a multiprocessor
    const auto tiles = [&](long m, long n) { return (rows + m - 1) / m * ((columns + n - 1) / n); };
    GemmCut cut;
    if (std::is_same_v<T, float> && fours) {
      cut.tile = 1;
      if (columns <= 8) cut.tile = 3;
      else if (columns > 32 && tiles(128, 64) * copies * std::max(depth / 2048, 1l) >= enough / 2)
        cut.tile = 2;
    }
    return cut.with_slices(rows, columns, depth, enough / copies);
  }
  /// The same with a tile given.
  constexpr GemmCut with_slices(long rows, long columns, long depth, long enough) const {
    constexpr long m[] = {64, 64, 128, 256}, n[] = {32, 32, 64, 8};
    GemmCut cut = *this;
    cut.blocks = (rows + m[tile] - 1) / m[tile] * ((columns + n[tile] - 1) / n[tile]);
    const long wanted = std::min((enough + cut.blocks - 1) / std::max(cut.blocks, 1l), depth / 256);
    const long each = depth / std::max(wanted, 1l) + (depth % std::max(wanted, 1l) != 0);
    cut.slice_depth = static_cast<int>((std::max(each, 1l) + 31) / 32 * 32);
    cut.slices = static_cast<int>(std::max((depth + cut.slice_depth - 1) / cut.slice_depth, 1l));
    return cut;
  }
};

/// Calls launch.operator()<Engine, Tile>() for a precision and a tile.
template <class T, class Launch>
void with_gemm_tile(Precision precision, int tile, const Launch& launch) {
  const auto with_tile = [&]<int Engine>() {
    if (tile == 0) return launch.template operator()<Engine, 0>();
    if (tile == 1) return launch.template operator()<Engine, 1>();
    if (tile == 2) return launch.template operator()<Engine, 2>();
    launch.template operator()<Engine, 3>();
  };
  if constexpr (std::is_same_v<T, double>) launch.template operator()<0, 0>();
  else if (precision == Precision::tf32) with_tile.template operator()<1>();
  else if (precision == Precision::bf16) with_tile.template operator()<2>();
  else with_tile.template operator()<0>();
}

}  // namespace tessera::cuda
