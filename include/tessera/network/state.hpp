// SPDX-License-Identifier: BSD-3-Clause
// What a model owns: one flat buffer of parameters, one of gradients, one of statistics, and
// run-time flags per operation.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tessera/network/structure.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/memory.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera {

/// Index in memory of element k, counted in the listed order, of a parameter.
constexpr std::int64_t memory_index(const Parameter& p, std::int64_t k) {
  if (p.order == Order::listed) return k;
  const int* d = p.dims.size;  // [O, I, Kh, Kw] listed, [Kh, Kw, I, O] in memory
  const std::int64_t window = std::int64_t{d[2]} * d[3];
  const std::int64_t o = k / (d[1] * window), i = k / window % d[1], tap = k % window;
  return (tap * d[1] + i) * d[0] + o;
}

/// Parameters, gradients, statistics, counters and flags of one model, in its device's memory but
/// for the flags.
template <class T, class Device = Cpu>
struct State {
  template <class U>
  using Numbers = typename Memory<Device>::template Buffer<U>;
  /// On the host a number, on a GPU its place.
  using Count = std::conditional_t<Memory<Device>::on_host, std::uint64_t, Numbers<std::uint64_t>>;

  Numbers<T> trained, gradients, statistics;
  Numbers<std::int64_t> counters;
  std::vector<std::uint8_t> frozen, frozen_statistics;  // per operation
  Seed seed{};              // of the initial values and of layers random in training
  Count training_passes{};  // forwards in training mode so far

  explicit State(const Structure& s, const Context<Device>& context = {})
      : trained(numbers<T>(context, s.trained)),
        gradients(numbers<T>(context, s.trained)),
        statistics(numbers<T>(context, s.statistics)),
        counters(numbers<std::int64_t>(context, s.counters)),
        frozen(s.operations.size()),
        frozen_statistics(s.operations.size()) {
    if constexpr (!Memory<Device>::on_host) training_passes = numbers<std::uint64_t>(context, 1);
  }

  T* data(const TensorInfo& t) {
    return (t.parameter.role == Role::trained ? trained.data() : statistics.data()) + t.offset;
  }
  const T* data(const TensorInfo& t) const { return const_cast<State&>(*this).data(t); }

 private:
  template <class U>
  static Numbers<U> numbers(const Context<Device>& context, std::int64_t count) {
    return Memory<Device>::template make<U>(context, static_cast<std::size_t>(count));
  }
};

/// Copies a state between the host and a device; flags too.
template <class T, class Device>
void upload(const Context<Device>& context, const State<T>& from, State<T, Device>& to) {
  const auto copy = [&](const auto& a, const auto& b) {
    Memory<Device>::to_device(context, b.data(), a.data(), a.size() * sizeof(*a.data()));
  };
  copy(from.trained, to.trained);
  copy(from.gradients, to.gradients);
  copy(from.statistics, to.statistics);
  copy(from.counters, to.counters);
  Memory<Device>::to_device(context, to.training_passes.data(), &from.training_passes,
                            sizeof(std::uint64_t));
  to.frozen = from.frozen;
  to.frozen_statistics = from.frozen_statistics;
  to.seed = from.seed;
}
template <class T, class Device>
void download(const Context<Device>& context, const State<T, Device>& from, State<T>& to) {
  const auto copy = [&](const auto& a, auto& b) {
    Memory<Device>::to_host(context, b.data(), a.data(), b.size() * sizeof(*b.data()));
  };
  copy(from.trained, to.trained);
  copy(from.gradients, to.gradients);
  copy(from.statistics, to.statistics);
  copy(from.counters, to.counters);
  Memory<Device>::to_host(context, &to.training_passes, from.training_passes.data(),
                          sizeof(std::uint64_t));
  to.frozen = from.frozen;
  to.frozen_statistics = from.frozen_statistics;
  to.seed = from.seed;
}

/// Fills every tensor by its initialiser: element k (listed order) of tensor t is a function of
/// (seed, t, k) alone.
template <class T>
void initialize(const Structure& s, State<T>& state, Seed seed) {
  state.seed = seed;
  for (std::size_t t = 0; t < s.tensors.size(); ++t) {
    const TensorInfo& info = s.tensors[t];
    if (info.parameter.role == Role::counter) continue;
    const Initializer& init = info.parameter.initializer;
    RandomStream random(seed, mix(0x7061726Du, t));
    T* const data = state.data(info);
    const std::int64_t n = info.parameter.dims.count();
    for (std::int64_t k = 0; k < n; ++k) {
      double v = init.value;
      if (init.kind == Initializer::Kind::uniform) v = init.value * (2 * random.uniform() - 1);
      if (init.kind == Initializer::Kind::normal) v = init.mean + init.value * random.normal();
      data[memory_index(info.parameter, k)] = static_cast<T>(v);
    }
  }
}

/// Sets a flag of every operation whose path has the prefix; a prefix that names nothing is an
/// error.
inline void set_flag(const Structure& s, std::vector<std::uint8_t>& flags, std::string_view prefix,
                     bool value) {
  bool found = false;
  for (std::size_t i = 0; i < s.operations.size(); ++i)
    if (has_prefix(path_of(s, s.operations[i]), prefix)) {
      flags[i] = value;
      found = true;
    }
  if (!found)
    throw ArgumentError(text({"no layer of the network has the name or prefix \"", prefix, "\""}));
}

}  // namespace tessera
