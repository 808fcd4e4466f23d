// SPDX-License-Identifier: BSD-3-Clause
// The rule that made the golden values (README.md beside this file), and access to them.
#pragma once
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/network/model.hpp>

namespace golden {

inline std::uint64_t fnv1a(std::string_view s) {
  std::uint64_t h = 0xCBF29CE484222325u;
  for (const char c : s) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return h;
}

/// v_0 .. v_{n-1} of the tensor of this name.
inline std::vector<double> values(std::string_view name, std::size_t n) {
  const std::uint64_t h = fnv1a(name);
  std::vector<double> v(n);
  for (std::size_t k = 0; k < n; ++k) {
    std::uint64_t z = h + (k + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    v[k] = 2 * (static_cast<double>(z >> 11) * 0x1p-53) - 1;
  }
  return v;
}

/// The parameter, statistic or counter of this name and these sizes.
inline std::vector<double> parameter(std::string_view name, const tessera::Dims& dims) {
  const auto n = static_cast<std::size_t>(dims.count());
  std::vector<double> v = values(name, n);
  const auto with = [&](double middle, double factor) {
    for (double& x : v) x = middle + factor * x;
  };
  if (name.ends_with("running_mean")) with(0, 0.1);
  else if (name.ends_with("num_batches_tracked")) with(0, 0);
  else if (dims.rank >= 2) with(0, std::sqrt(3.0 / (static_cast<double>(n) / dims.size[0])));
  else if (name.ends_with("weight")) with(1, 0.1);
  else if (!name.ends_with("running_var")) with(0, 0.1);
  else
    for (double& x : v) x = 1 + 0.5 * std::abs(x);
  return v;
}

/// Overwrites every parameter, statistic and counter of the model.
template <class Model>
void fill(Model& model) {
  using T = typename Model::Scalar;
  for (const auto& t : model.tensors()) {
    const std::vector<double> v = parameter(t.name, t.dims);
    model.set(t.name, std::vector<T>(v.begin(), v.end()));
  }
}

/// Rows and columns [row, row + height) x [column, column + width).
struct Box {
  int row, column, height, width;
  bool contains(int h, int w) const {
    return h >= row && h < row + height && w >= column && w < column + width;
  }
};
/// Whether pixel (h, w) of element n of a batch of images of this size (32, 224 or 256) is a hole.
inline bool hole(int size, int n, int h, int w) {
  if (n % 2) std::swap(h, w);
  if (size == 32) return Box{8, 4, 8, 8}.contains(h, w) || Box{18, 16, 8, 12}.contains(h, w);
  const Box second = size == 224 ? Box{104, 118, 75, 75} : Box{120, 150, 75, 75};
  return Box{40, 30, 75, 75}.contains(h, w) || second.contains(h, w);
}

/// A tensor [N, H, W, C] of `values`, which count in NCHW order, through f.
template <class T, class F>
void fill_view(tessera::View<T> view, std::string_view name, const F& f) {
  const std::vector<double> v = values(name, static_cast<std::size_t>(view.size()));
  std::size_t k = 0;
  for (int n = 0; n < view.batch; ++n)
    for (int c = 0; c < view.channels; ++c)
      for (int h = 0; h < view.height; ++h)
        for (int w = 0; w < view.width; ++w) view(n, h, w, c) = static_cast<T>(f(v[k++], n, h, w));
}

/// Values of a view in NCHW order, in double.
template <class T>
std::vector<double> nchw(tessera::View<T> view) {
  std::vector<double> v;
  v.reserve(static_cast<std::size_t>(view.size()));
  for (int n = 0; n < view.batch; ++n)
    for (int c = 0; c < view.channels; ++c)
      for (int h = 0; h < view.height; ++h)
        for (int w = 0; w < view.width; ++w) v.push_back(static_cast<double>(view(n, h, w, c)));
  return v;
}

inline std::size_t probe_index(std::size_t j, std::size_t n) { return j * 2654435761u % n; }
template <class V>
double l2(const V& values) {
  double sum = 0;
  for (const auto x : values) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

/// The values of a network, such as "generator" of "pix2pix".
inline nlohmann::json load(const std::string& system, const std::string& network) {
  const std::string path = "golden/" + system + ".json";
  std::ifstream in(path);  // tests run in the folder tests/
  if (!in) throw std::runtime_error(path + " is missing; run the tests by ctest");
  return nlohmann::json::parse(in).at(network);
}

}  // namespace golden
