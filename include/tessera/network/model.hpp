// SPDX-License-Identifier: BSD-3-Clause
// A model: a network's parameters on a device, and everything a user does with them.
#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <tessera/network/pass.hpp>
#include <tessera/tensor/shared.hpp>
#include <tessera/tensor/tensor.hpp>

namespace tessera {

struct LoadOptions;     // in <tessera/network/weights.hpp>, and
struct Metadata;        // which names <map> for those alone who save
struct InpaintOptions;  // in <tessera/inference/inpaint.hpp>
template <class Net, class Device, class T>
class Session;  // in <tessera/inference/session.hpp>

namespace detail {
/// Whether the header of a type is there. For static_assert in members that need another header;
/// asked with the types of a call, so where the member is used.
template <class Type, class... OfCall>
inline constexpr bool is_defined = requires {
  sizeof(Type);
};
}  // namespace detail

/// A named tensor of a model, as files and tests see it: PyTorch's name, sizes and order.
struct NamedTensor {
  std::string name;
  Dims dims;
  Role role;
  std::size_t index;  // in the model's table
};

/// The parameters of one named block, laid out as in a network made of that block alone.
template <class T>
struct PartView {
  std::span<T> trained, gradients, statistics;
  std::span<std::int64_t> counters;
};

/// Parameters, gradients and statistics of network `Net` on `Device`, in scalar T (float to work,
/// double to check).
///
/// Errors     ArgumentError for unknown names, ShapeError for inputs that do not fit
/// Threads    a model is used by one thread at a time; `session` gives other threads a handle
template <class Net, class Device = Cpu, class T = float>
class Model {
 public:
  using Network = Net;
  using Scalar = T;
  using DeviceType = Device;
  static_assert(
      requires { sizeof(Memory<Device>); },
      "tessera: Model<Net, Cuda> needs #include <tessera/cuda.hpp> and the CMake target "
      "tessera::cuda");
  static constexpr bool on_host = Memory<Device>::on_host;

  /// Parameters drawn by their layers' initialisers from the seed.
  explicit Model(Seed seed = {}, Context<Device> context = Context<Device>::standard())
      : state_(std::in_place, Net::structure, context), context_(context) {
    if constexpr (Memory<Device>::on_host) initialize(Net::structure, *state_, seed);
    else {
      State<T> initial(Net::structure);
      initialize(Net::structure, initial, seed);
      copy_state(context_, initial, *state_);
    }
  }
  Model(Model&&) = default;  // and no copies: two models never share their state
  Model& operator=(Model&&) = default;

  /// A handle for inference in one other thread, on the same weights; needs
  /// <tessera/inference/session.hpp>. Unless a context is given it works as the model does: on its
  /// GPU and in its precision, on the CPU in one thread. Errors: ArgumentError for a context of
  /// another GPU, which cannot read the weights
  auto session() const { return session(context_.for_other_thread()); }
  auto session(Context<Device> context) const {
    constexpr bool header = detail::is_defined<Session<Net, Device, T>>;
    static_assert(header, "tessera: Model::session needs #include <tessera/inference/session.hpp>");
    if (!context.shares_memory_with(context_))
      throw ArgumentError(text({"session: the weights are on ", context_.place(),
                                ", the context is of ", context.place()}));
    if constexpr (header) return Session<Net, Device, T>(Model(context, state_));
  }

  static constexpr const Structure& structure() { return Net::structure; }
  Context<Device>& context() { return context_; }
  State<T, Device>& state() { return *state_; }

  /// The trained parameters and their gradients as one flat array each (padding between tensors is
  /// 0); on the CPU only, as the host cannot read a GPU's memory: there `get` and `set` copy.
  std::span<T> parameters() requires(on_host) { return state_->trained.span(); }
  std::span<T> gradients() requires(on_host) { return state_->gradients.span(); }
  std::span<T> statistics() requires(on_host) { return state_->statistics.span(); }
  void zero_gradients() {
    Memory<Device>::fill(context_, state_->gradients.data(), 0,
                         state_->gradients.size() * sizeof(T));
  }

  /// A pass over this model; the model must outlive it.
  Pass<Device, T> pass(PassOptions options) {
    return Pass<Device, T>(Net::structure, code<Net, Device, T>(), *state_, context_,
                           std::move(options));
  }

  /// No gradients for the parameters of layers with this name or prefix ("enc1"; "" is every
  /// layer).
  void freeze(std::string_view prefix, bool frozen = true) {
    set_flag(Net::structure, state_->frozen, prefix, frozen);
  }
  /// Batch norms with this name or prefix use and keep their running statistics, also in training.
  void freeze_statistics(std::string_view prefix, bool frozen = true) {
    set_flag(Net::structure, state_->frozen_statistics, prefix, frozen);
  }

  /// Every tensor in execution order, with PyTorch's name and sizes.
  std::vector<NamedTensor> tensors() const {
    std::vector<NamedTensor> list(Net::structure.tensors.size());
    for (std::size_t t = 0; t < list.size(); ++t) {
      const TensorInfo& info = Net::structure.tensors[t];
      list[t] = {name_of(Net::structure, info), info.parameter.dims, info.parameter.role, t};
    }
    return list;
  }
  /// Values of a tensor in PyTorch's order; a counter's as numbers.
  std::vector<T> get(std::string_view name) const { return read(find(name), false); }
  std::vector<T> gradient(std::string_view name) const { return read(find(name), true); }
  void set(std::string_view name, std::span<const T> values) {
    const std::size_t t = find(name);
    const TensorInfo& info = Net::structure.tensors[t];
    const std::int64_t n = info.parameter.dims.count();
    if (static_cast<std::int64_t>(values.size()) != n)
      throw ArgumentError(
          text({"tensor \"", name, "\" has ", n, " elements, got ", values.size()}));
    if (info.parameter.role == Role::counter) {
      for (std::int64_t k = 0; k < n; ++k)
        write(state_->counters.data() + info.offset + k,
              static_cast<std::int64_t>(values[static_cast<std::size_t>(k)]));
      return;
    }
    std::vector<T> ordered(values.size());
    for (std::int64_t k = 0; k < n; ++k)
      ordered[static_cast<std::size_t>(memory_index(info.parameter, k))] =
          values[static_cast<std::size_t>(k)];
    Memory<Device>::to_device(context_, state_->data(info), ordered.data(),
                              ordered.size() * sizeof(T));
  }

  /// A counter (`num_batches_tracked`) as the integer it is.
  std::int64_t counter(std::string_view name) const { return counter_at(counter_index(name)); }
  void set_counter(std::string_view name, std::int64_t value) {
    write(state_->counters.data() + counter_index(name), value);
  }

  /// Writes and reads safetensors files with PyTorch's names; needs <tessera/network/weights.hpp>.
  void save(const auto& path) const {
    constexpr bool header = detail::is_defined<Metadata, decltype(path)>;
    static_assert(header, "tessera: Model::save needs #include <tessera/network/weights.hpp>");
    if constexpr (header) save_weights(*this, path);
  }
  void save(const auto& path, const Metadata& metadata) const {
    save_weights(*this, path, metadata);
  }
  auto load(const auto& path) {
    constexpr bool header = detail::is_defined<LoadOptions, decltype(path)>;
    static_assert(header, "tessera: Model::load needs #include <tessera/network/weights.hpp>");
    if constexpr (header) return load_weights(*this, path);
  }
  auto load(const auto& path, const LoadOptions& options) {
    return load_weights(*this, path, options);
  }
  /// Fills the holes of images; needs <tessera/inference/inpaint.hpp>.
  ///
  ///     model.inpaint(images, holes, {.memory_limit = 200_MiB})
  auto inpaint(const auto& images, const auto& holes) {
    constexpr bool header = detail::is_defined<InpaintOptions, decltype(images)>;
    static_assert(header, "tessera: Model::inpaint needs #include <tessera/inference/inpaint.hpp>");
    if constexpr (header) return inpaint_images(*this, images, holes);
  }
  auto inpaint(const auto& images, const auto& holes, const InpaintOptions& options) {
    return inpaint_images(*this, images, holes, options);
  }

  /// The parameters of the block named `Prefix`, which lie side by side.
  template <FixedString Prefix>
  PartView<T> part() requires(on_host) {
    constexpr std::string_view prefix = Prefix;
    constexpr BlockSpans spans = spans_of_block(Net::structure, prefix);
    static_assert(spans.alone,
                  "tessera: part<Name> is one range of parameters, but layers of other names stand "
                  "between those of this name; ask for each block by itself");
    if (!spans.found)
      throw ArgumentError(text({"no block of the network is named \"", prefix, "\""}));
    const auto part = [&](auto all, std::size_t role) {
      return all.subspan(static_cast<std::size_t>(spans.begin[role]),
                         static_cast<std::size_t>(spans.end[role] - spans.begin[role]));
    };
    return {part(parameters(), 0), part(gradients(), 0), part(statistics(), 1),
            part(state_->counters.span(), 2)};
  }

 private:
  std::size_t find(std::string_view name) const {
    for (std::size_t t = 0; t < Net::structure.tensors.size(); ++t)
      if (name_of(Net::structure, Net::structure.tensors[t]) == name) return t;
    throw ArgumentError(text({"the model has no tensor \"", name, "\""}));
  }
  std::size_t counter_index(std::string_view name) const {
    const TensorInfo& info = Net::structure.tensors[find(name)];
    if (info.parameter.role != Role::counter)
      throw ArgumentError(text({"tensor \"", name, "\" is not a counter"}));
    return static_cast<std::size_t>(info.offset);
  }
  std::vector<T> read(std::size_t t, bool gradient) const {
    const TensorInfo& info = Net::structure.tensors[t];
    std::vector<T> values(static_cast<std::size_t>(info.parameter.dims.count()));
    if (gradient && info.parameter.role != Role::trained)
      throw ArgumentError(text({"tensor \"", name_of(Net::structure, info), "\" has no gradient"}));
    if (info.parameter.role == Role::counter) {
      for (std::size_t k = 0; k < values.size(); ++k)
        values[k] = static_cast<T>(counter_at(static_cast<std::size_t>(info.offset) + k));
      return values;
    }
    std::vector<T> stored(values.size());
    Memory<Device>::to_host(context_, stored.data(),
                            gradient ? state_->gradients.data() + info.offset : state_->data(info),
                            stored.size() * sizeof(T));
    for (std::size_t k = 0; k < values.size(); ++k)
      values[k] = stored[static_cast<std::size_t>(
          memory_index(info.parameter, static_cast<std::int64_t>(k)))];
    return values;
  }
  std::int64_t counter_at(std::size_t index) const {
    std::int64_t value = 0;
    Memory<Device>::to_host(context_, &value, state_->counters.data() + index, sizeof value);
    return value;
  }
  void write(std::int64_t* counter, std::int64_t value) {
    Memory<Device>::to_device(context_, counter, &value, sizeof value);
  }

  Model(Context<Device> context, Shared<State<T, Device>> state)
      : state_(std::move(state)), context_(context) {}

  Shared<State<T, Device>> state_;  // passes point to it, so a model may move; sessions share it
  Context<Device> context_;
};

}  // namespace tessera
