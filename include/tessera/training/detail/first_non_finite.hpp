// SPDX-License-Identifier: BSD-3-Clause
// Where in a training step a value that is not finite appeared first.
#pragma once
#include <cmath>
#include <string>

#include <tessera/losses/loss.hpp>
#include <tessera/network/pass.hpp>
#include <tessera/tensor/finite.hpp>
#include <tessera/tensor/transfer.hpp>

namespace tessera {
namespace detail {

template <class Device, class T>
bool all_finite(const Context<Device>& context, View<const T> x) {
  const HostView host(context, x);
  const View<const T> v = host;
  for (std::ptrdiff_t p = 0; p < v.pixels(); ++p)
    for (int c = 0; c < v.channels; ++c)
      if (!is_finite(v.pixel(p)[c])) return false;
  return true;
}

}  // namespace detail

/// Runs the forward again on what lies in the pass's input and says, as the end of a sentence,
/// where the first value is that is not finite: input, a parameter, a layer's output, the truth, or
/// the loss alone.
template <class Device, class T>
std::string first_non_finite(const Structure& structure, const State<T, Device>& state,
                             Pass<Device, T>& pass, const Truth<T>& truth) {
  for (int i = 0; i < structure.inputs; ++i)
    if (!detail::all_finite(pass.context(), View<const T>(pass.input(i))))
      return "the batch's images, the network's input, are not all finite";
  for (const TensorInfo& t : structure.tensors) {
    if (t.parameter.role != Role::trained) continue;
    const int count = static_cast<int>(t.parameter.dims.count());
    if (!detail::all_finite(pass.context(), make_view(state.data(t), 1, Shape{1, 1, count})))
      return "parameter " + name_of(structure, t) + " is not finite; the step before made it so";
  }
  std::string found;
  pass.forward([&](int i) {
    if (!found.empty() || detail::all_finite(pass.context(), pass.output_of(i))) return;
    const Operation& op = structure.operations[static_cast<std::size_t>(i)];
    found = "it appeared first in the output of " + std::string(op.layer->name) + " \"" +
            path_of(structure, op) + "\"";
  });
  if (!found.empty()) return found;
  return detail::all_finite(pass.context(), truth.images)
             ? "the network's output is finite, the loss of it is not"
             : "the network's output is finite, the truth under the holes is not";
}

}  // namespace tessera
