// SPDX-License-Identifier: BSD-3-Clause
// Inference in several threads at once: each has a session, a handle of its own on one model's
// weights.
#pragma once
#include <utility>

#include <tessera/network/model.hpp>

namespace tessera {

/// Runs a model's network in one thread, on the weights it shares with the model; made by
/// `Model::session`. It keeps the weights alive, also beyond the model.
///
/// Use        one thread a session; make it anywhere. On the CPU it has one thread unless told
///            otherwise, as several sessions share the cores
/// Rule       weights are read, never written: while a session runs, no thread may train, load or
///            set the model. Between runs it may; sessions then use the new weights
/// GPU        made in the thread that uses it; steps that the training thread has queued are done
///            when it has waited: model.context().engine().synchronize()
template <class Net, class Device = Cpu, class T = float>
class Session {
 public:
  using Network = Net;
  using Scalar = T;
  using DeviceType = Device;

  explicit Session(Model<Net, Device, T> shared) : model_(std::move(shared)) {}

  static constexpr const Structure& structure() { return Net::structure; }
  Context<Device>& context() { return model_.context(); }

  /// A pass in evaluation mode, without gradients, whatever the options say of these two.
  Pass<Device, T> pass(PassOptions options) {
    options.mode = Mode::evaluate;
    options.gradients = false;
    return model_.pass(options);
  }
  /// Fills the holes of images as Model::inpaint does; needs <tessera/inference/inpaint.hpp>.
  auto inpaint(const auto& images, const auto& holes) { return model_.inpaint(images, holes); }
  auto inpaint(const auto& images, const auto& holes, const InpaintOptions& options) {
    return model_.inpaint(images, holes, options);
  }

 private:
  Model<Net, Device, T> model_;  // a second handle on the first one's state
};

}  // namespace tessera
