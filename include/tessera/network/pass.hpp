// SPDX-License-Identifier: BSD-3-Clause
// A pass: plan, arena and executor of one forward and its backward. Several passes of one model may
// be alive at once.
#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/kernels/copy.hpp>
#include <tessera/network/detail/code.hpp>
#include <tessera/network/pass_options.hpp>
#include <tessera/network/state.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera {

/// One forward and its backward through a model. In order: write `input` (and `input_valid`),
/// `forward`, read `output` and taps, `zero_gradients`, add to `output_gradient` and tap gradients,
/// `backward`. No step allocates.
template <class Device, class T>
class Pass {
 public:
  Pass(const Structure& structure, ArrayView<Code<Device, T>> code, State<T, Device>& state,
       const Context<Device>& context, PassOptions options)
      : structure_(structure),
        code_(code),
        state_(&state),
        context_(context),
        options_(std::move(options)),
        frozen_(state.frozen) {
    plan_ = detail::plan_of(structure_, options_, frozen_, sizeof(T));
    for (std::size_t i = 0; i < code_.size(); ++i)
      if (!code_[i].forward)
        throw ArgumentError(text({detail::where(structure_, static_cast<int>(i)),
                                  " is written for float alone and cannot run in another scalar"}));
    arena_ = Memory<Device>::template make<std::byte>(context_, plan_.bytes);
    if (options_.poison_dead_buffers)
      Memory<Device>::fill(context_, arena_.data(), 0xFF, plan_.bytes);
    if constexpr (!Memory<Device>::on_host)
      pass_number_ = Memory<Device>::template make<std::uint64_t>(context_, 1);
    runs_ = Grow<Run<Device, T>>(static_cast<int>(structure_.operations.size()));
    for (int i = 0; i < runs_.size(); ++i) bind(i);
    if constexpr (!Memory<Device>::on_host) prepare();
  }

  int batch() const { return plan_.batch; }
  Mode mode() const { return options_.mode; }
  void set_mode(Mode mode) { options_.mode = mode; }
  const Plan& plan() const { return plan_; }
  std::size_t arena_bytes() const { return plan_.bytes; }
  const Context<Device>& context() const { return context_; }
  /// Scratch for losses: grows on first use, so that steps after the first do not allocate.
  std::byte* scratch(std::size_t bytes) {
    if (scratch_.size() < bytes)
      scratch_ = Memory<Device>::template make<std::byte>(context_, bytes);
    return scratch_.data();
  }

  View<T> input(int i = 0) { return value(i); }
  MutableValidView input_valid(int i = 0) { return mask(i); }
  View<const T> output() { return value(structure_.output); }
  /// Which output pixels saw a valid one; empty where the output has no mask.
  ValidView output_valid() { return mask(structure_.output); }
  /// Output of one operation of the network's table; meaningful within forward(after) only.
  View<const T> output_of(int operation) {
    return value(structure_.operations[static_cast<std::size_t>(operation)].output);
  }
  View<const T> tap(std::string_view label) {
    return value(detail::asked_tap(structure_, label, options_.keep, "keep"));
  }

  /// Gradients of the loss: what the caller adds to.
  View<T> output_gradient() { return gradient(structure_.output); }
  View<T> tap_gradient(std::string_view label) {
    return gradient(detail::asked_tap(structure_, label, options_.inject, "inject"));
  }
  /// Gradient of input i after backward; empty unless input_gradients was asked for.
  View<const T> input_gradient(int i = 0) { return gradient(i); }

  void forward() {
    begin_forward();
    for (int i = 0; i < runs_.size(); ++i) {
      if (!plan_.operations[i].skipped) forward_of(i, plan_.operations[i].negative_slope);
      if (options_.poison_dead_buffers) poison(i);
    }
  }
  /// The same operation by operation, activations too, and calls `after(operation)` behind each
  /// while its output still lies in the arena: to look for where a value goes wrong.
  template <class After>
  void forward(const After& after) {
    begin_forward();
    for (int i = 0; i < runs_.size(); ++i) {
      forward_of(i, -1);
      after(i);
      if (options_.poison_dead_buffers) poison(i);
    }
  }

  /// Sets the output's and the injected taps' gradients to 0.
  void zero_gradients() {
    for (const int v : plan_.injected) kernels::fill_zero(context_, gradient(v));
  }

  /// Adds the parameters' gradients to the model's, from the gradients of the output and of
  /// injected taps.
  void backward() {
    if (!options_.gradients)
      throw ArgumentError("this pass was made without gradients; ask for them in PassOptions");
    if (frozen_ != state_->frozen)
      throw ArgumentError(
          "layers were frozen or unfrozen after this pass was made; make a new pass");
    for (int i = runs_.size() - 1; i >= 0; --i) {
      const OperationPlan& p = plan_.operations[i];
      if (p.backward && !p.skipped) {
        Run<Device, T>& run = runs_[i];
        run.context_ = &context_;
        run.workspace_ = bytes(p.backward_workspace);
        run.negative_slope_ = p.negative_slope;
        code_[static_cast<std::size_t>(i)].backward(run);
        const Operation& op = structure_.operations[static_cast<std::size_t>(i)];
        for (int k = 0; k < op.input_count; ++k)
          if (p.addend[k] >= 0)
            kernels::add_into(context_, View<const T>(run.dx_[k]), gradient(op.input[k]));
      }
      if (options_.poison_dead_buffers) poison(2 * runs_.size() - i);
    }
  }

 private:
  std::byte* bytes(int buffer) {
    return buffer < 0 ? nullptr : arena_.data() + plan_.buffers[buffer].offset;
  }
  View<T> view(const Place& place, const Shape& shape) {
    if (place.buffer < 0) return {};
    return {reinterpret_cast<T*>(bytes(place.buffer)) + place.channel,
            plan_.batch,
            shape.height,
            shape.width,
            shape.channels,
            place.stride};
  }
  View<T> value(int v) { return view(plan_.values[v], plan_.shapes[v]); }
  View<T> gradient(int v) { return view(plan_.gradients[v], plan_.shapes[v]); }
  MutableValidView mask(int v) {
    const Shape& s = plan_.shapes[v];
    if (!s.masked()) return {};
    return {reinterpret_cast<std::uint8_t*>(bytes(plan_.masks[v])), plan_.batch, s.height, s.width,
            s.mask};
  }

  void bind(int i) {
    const Operation& op = structure_.operations[static_cast<std::size_t>(i)];
    const OperationPlan& p = plan_.operations[i];
    Run<Device, T>& run = runs_[i];
    run.batch_ = plan_.batch;
    for (int k = 0; k < op.input_count; ++k) {
      run.x_[k] = value(op.input[k]);
      run.x_valid_[k] = mask(op.input[k]);
      if (!p.wants[k]) continue;
      run.dx_[k] = p.addend[k] < 0 ? gradient(op.input[k])
                                   : make_view(reinterpret_cast<T*>(bytes(p.addend[k])),
                                               plan_.batch, plan_.shapes[op.input[k]].unmasked());
    }
    run.y_ = value(op.output);
    run.y_valid_ = mask(op.output);
    if (p.backward) run.dy_ = gradient(op.output);
    run.saved_ = reinterpret_cast<T*>(bytes(p.saved));
    if (op.tensor_count > Run<Device, T>::max_state)
      throw ArgumentError(
          text({detail::where(structure_, i), " lists more tensors than a layer may have"}));
    for (int t = 0; t < op.tensor_count; ++t) {
      const TensorInfo& info = structure_.tensors[static_cast<std::size_t>(op.first_tensor + t)];
      if (info.parameter.role == Role::counter) {
        run.counter_[t] = state_->counters.data() + info.offset;
        continue;
      }
      run.parameter_[t] = {state_->data(info), info.parameter.dims};
      if (info.parameter.role == Role::trained && p.parameter_gradients)
        run.gradient_[t] = {state_->gradients.data() + info.offset, info.parameter.dims};
    }
  }

  void begin_forward() {
    if (options_.mode == Mode::train) count_pass();
  }
  /// Forward of one operation, which applies the activation of this slope behind it.
  void forward_of(int i, double negative_slope) {
    Run<Device, T>& run = runs_[i];
    run.context_ = &context_;  // here, as a pass may have moved
    run.training_ = options_.mode == Mode::train;
    run.batch_statistics_ =
        run.training_ && !state_->frozen_statistics[static_cast<std::size_t>(i)];
    if (run.training_) run.random_ = random(static_cast<std::uint64_t>(i));
    run.workspace_ = bytes(plan_.operations[i].forward_workspace);
    run.negative_slope_ = negative_slope;
    code_[static_cast<std::size_t>(i)].forward(run);
  }
  /// Takes this forward's number, and counts it.
  void count_pass() {
    if constexpr (Memory<Device>::on_host) number_ = state_->training_passes++;
    else kernels::take_number(context_, state_->training_passes.data(), pass_number_.data());
  }
  RandomBlocks random(std::uint64_t operation) const {
    const std::uint64_t key = mix(state_->seed.value, operation);
    if constexpr (Memory<Device>::on_host) return {key, number_};
    else return {key, 0, pass_number_.data()};
  }
  /// Compiles the kernels of both directions.
  void prepare() {
    context_.engine().prepare([&] {
      forward();
      if (!options_.gradients) return;
      zero_gradients();
      backward();
    });
  }

  /// Overwrites what dies after this step.
  void poison(int step) {
    for (int b = 0; b < plan_.buffers.size(); ++b)
      if (plan_.buffers[b].last == step)
        Memory<Device>::fill(context_, bytes(b), 0xFF,
                             plan_.buffers[b].bytes);  // a NaN in every scalar
  }

  Structure structure_;
  ArrayView<Code<Device, T>> code_;
  State<T, Device>* state_;
  Context<Device> context_;
  PassOptions options_;
  std::vector<std::uint8_t> frozen_;
  Plan plan_;
  typename Memory<Device>::template Buffer<std::byte> arena_, scratch_;
  typename Memory<Device>::template Buffer<std::uint64_t> pass_number_;  // on a GPU
  std::uint64_t number_ = 0;                                             // else
  Grow<Run<Device, T>> runs_;
};

}  // namespace tessera
