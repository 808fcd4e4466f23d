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
  /// Where training_passes lies.
  std::uint64_t* passes() {
    if constexpr (Memory<Device>::on_host) return &training_passes;
    else return training_passes.data();
  }
  const std::uint64_t* passes() const { return const_cast<State&>(*this).passes(); }

 private:
  template <class U>
  static Numbers<U> numbers(const Context<Device>& context, std::int64_t count) {
    return Memory<Device>::template make<U>(context, static_cast<std::size_t>(count));
  }
};

/// Copies a state between the host and a device, in either direction; flags too.
template <class T, class Device, class From, class To>
void copy_state(const Context<Device>& context, const State<T, From>& from, State<T, To>& to) {
  const auto copy = [&](auto* b, const auto* a, std::size_t count) {
    if constexpr (Memory<To>::on_host) Memory<Device>::to_host(context, b, a, count * sizeof *b);
    else Memory<Device>::to_device(context, b, a, count * sizeof *b);
  };
  copy(to.trained.data(), from.trained.data(), to.trained.size());
  copy(to.gradients.data(), from.gradients.data(), to.gradients.size());
  copy(to.statistics.data(), from.statistics.data(), to.statistics.size());
  copy(to.counters.data(), from.counters.data(), to.counters.size());
  copy(to.passes(), from.passes(), 1);
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
