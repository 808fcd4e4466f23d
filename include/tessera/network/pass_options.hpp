// SPDX-License-Identifier: BSD-3-Clause
// What a pass is asked for, and the plan that answers it: sentences for what does not fit.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/network/detail/planner.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera {

/// What `Model::pass` takes.
struct PassOptions {
  int batch = 1;
  Mode mode = Mode::train;
  bool gradients = true;  // a backward will follow
  /// False: the network is only passed through, as a discriminator for its generator.
  bool parameter_gradients = true;
  bool input_gradients = false;
  std::vector<Shape> inputs{};        // sizes other than the declared ones
  std::vector<std::string> keep{};    // taps that stay readable until the loss
  std::vector<std::string> inject{};  // taps whose gradients the caller adds to
  /// Every buffer is NaN before its first and after its last use: finds plan errors.
  bool poison_dead_buffers = false;
};

namespace detail {

/// An operation for a message: its layer's name and its path.
inline std::string where(const Structure& s, int operation) {
  const Operation& op = s.operations[static_cast<std::size_t>(operation)];
  const std::string path = path_of(s, op);
  return path.empty() ? std::string(op.layer->name) : text({op.layer->name, " \"", path, "\""});
}

/// The value that a label names. Errors: ArgumentError
inline int labelled_value(const Structure& s, std::string_view label) {
  if (const int v = value_of(s, label); v >= 0) return v;
  throw ArgumentError(text({"the network has no Tap or Input \"", label, "\""}));
}
inline Grow<int> labelled_values(const Structure& s, const std::vector<std::string>& labels) {
  Grow<int> values;
  for (const auto& label : labels) values.push(labelled_value(s, label));
  return values;
}
/// The same for one of the labels that PassOptions names under `option`. Errors: ArgumentError
inline int asked_tap(const Structure& s, std::string_view label,
                     const std::vector<std::string>& asked, const char* option) {
  const int v = labelled_value(s, label);
  for (const auto& l : asked)
    if (l == label) return v;
  throw ArgumentError(
      text({"tap \"", label, "\" was not asked for: name it in PassOptions::", option}));
}

/// The plan for these options. Errors: ArgumentError, ShapeError
inline Plan plan_of(const Structure& s, const PassOptions& options,
                    const std::vector<std::uint8_t>& frozen, std::size_t scalar_size) {
  const Grow<int> kept = labelled_values(s, options.keep);
  const Grow<int> injected = labelled_values(s, options.inject);
  if (options.batch < 1)
    throw ArgumentError(text({"a pass needs a batch of at least 1, got ", options.batch}));
  if (options.inputs.size() > static_cast<std::size_t>(s.inputs))
    throw ShapeError(
        text({"the network has ", s.inputs, " inputs, got shapes for ", options.inputs.size()}));
  for (std::size_t i = 0; i < options.inputs.size(); ++i)
    if (options.inputs[i].channels != s.values[i].shape.channels)
      throw ShapeError(text({"input ", i, ": the network takes ", s.values[i].shape.channels,
                             " channels, got ", to_string(options.inputs[i])}));
  const Plan plan =
      make_plan(s, PassRequest{options.batch, options.gradients, options.parameter_gradients,
                               options.input_gradients, options.inputs, kept.view(),
                               injected.view(), frozen, scalar_size});
  if (plan.complaint == Complaint::none) return plan;
  const bool two = plan.fault_second.channels != 0;
  throw ShapeError(text({where(s, plan.fault_operation), ": ", sentence(plan.complaint),
                         "; input is ", to_string(plan.fault_first), two ? " and " : "",
                         two ? to_string(plan.fault_second) : std::string()}));
}

}  // namespace detail
}  // namespace tessera
