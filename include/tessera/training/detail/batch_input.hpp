// SPDX-License-Identifier: BSD-3-Clause
// A batch as a training step reads it: in the pass's input, and as the truth, on the pass's device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <tessera/data/loader.hpp>
#include <tessera/kernels/masked_input.hpp>
#include <tessera/losses/loss.hpp>
#include <tessera/tensor/memory.hpp>
#include <tessera/tensor/staging.hpp>

namespace tessera {

/// Brings batches into a pass. The truth lies at the same place each time, as a step that is
/// repeated on a GPU needs it.
template <class Device, class T>
class BatchInput {
 public:
  explicit BatchInput(const Context<Device>& context) : context_(context), staging_(context) {}

  /// Writes the masked images and the mask into the pass's input; returns the truth, which stays
  /// until the next call.
  Truth<T> write(Pass<Device, T>& pass, const Batch& batch) {
    const View<const float> host = batch.images();
    HoleView hole = batch.holes();
    const std::size_t holes = hole.bytes().size();
    staging_.begin(static_cast<std::size_t>(host.size()) * sizeof(float) + holes);
    View<const float> image = host;
    image.data = staging_.add(host.data, static_cast<std::size_t>(host.size()));
    hole.data = staging_.add(hole.data, holes);
    staging_.send();
    kernels::masked_input(context_, image, hole, pass.input(), pass.input_valid());
    if constexpr (own_truth) {
      keep(image, hole, holes);
      staging_.done();
      return {truth_view(image),
              make_hole_view(std::as_const(hole_).data(), image.batch, image.shape())};
    } else {
      return {image, hole};
    }
  }

 private:
  static constexpr bool on_host = Memory<Device>::on_host;
  static constexpr bool own_truth = !on_host || !std::is_same_v<T, float>;
  template <class U>
  using Numbers = typename Memory<Device>::template Buffer<U>;

  View<T> truth_view(const View<const float>& like) const {
    return make_view(const_cast<T*>(images_.data()), like.batch, like.shape());
  }
  void keep(const View<const float>& image, HoleView hole, std::size_t holes) {
    const auto size = static_cast<std::size_t>(image.size());
    if (images_.size() != size) {
      images_ = Memory<Device>::template make<T>(context_, size);
      hole_ = Memory<Device>::template make<std::uint8_t>(context_, holes);
    }
    kernels::masked_input(context_, image, {}, truth_view(image), MutableValidView{});
    Memory<Device>::copy(context_, hole_.data(), hole.data, holes);
  }

  Context<Device> context_;
  Staging<Device> staging_;
  Numbers<T> images_;  // the truth, where it is not the batch's own memory
  Numbers<std::uint8_t> hole_;
};

}  // namespace tessera
