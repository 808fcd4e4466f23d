// SPDX-License-Identifier: BSD-3-Clause
// LSTM: layers of long short-term memory over sequences, in one or both directions, as PyTorch's
// nn.LSTM with batch_first.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tessera/kernels/lstm.hpp>
#include <tessera/layers/channels.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/options.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

namespace detail {

/// PyTorch's name of a tensor of an LSTM: "weight_hh_l1_reverse".
struct LstmName {
  char text[32]{};
  int length = 0;
  constexpr LstmName(int kind, int layer, bool reverse) {
    constexpr std::string_view kinds[]{"weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"};
    put(kinds[kind]);
    text[length++] = static_cast<char>('0' + layer);
    if (reverse) put("_reverse");
  }
  constexpr void put(std::string_view s) {
    for (const char c : s) text[length++] = c;
  }
};
template <int Kind, int Layer, bool Reverse>
inline constexpr LstmName lstm_name{Kind, Layer, Reverse};

}  // namespace detail

/// Long short-term memory: every row of the map is a sequence, its columns are the steps. States
/// start at 0; a further layer reads the output of the one before it.
///
/// [i f g o] = x_t W_ih^T + b_ih + h W_hh^T + b_hh;   i, f, o through sigmoid, g through tanh
/// c <- f c + i g,   h <- o tanh(c),   y_t = h, both directions side by side: [forward, backward]
///
/// Shapes     x [N, sequences, steps, In]  ->  y [N, sequences, steps, D Hidden],  D = 1 or 2
/// Template   In  channels (> 0) or `any`;  Hidden, Layers (> 0), one layer unless given
///            Ways  bidirectional(): a second LSTM runs from the last step
/// State      weight_ih_l0 [4 Hidden, In], weight_hh_l0 [4 Hidden, Hidden], bias_ih_l0 [4 Hidden],
///            bias_hh_l0 [4 Hidden], the same with _reverse, then l1, ... with In = D Hidden; all
///            U(-1/sqrt(Hidden), 1/sqrt(Hidden))
/// Gradients  all weights and biases: added to (+=).  x: assigned (=)
/// Errors     channels; masked: there is no rule for a masked sequence
/// Source     [hochreiter1997]
template <int In, int Hidden, int Layers = 1, Direction Ways = Direction{}>
struct LSTM {
  static_assert(count_or_any(In) && Hidden > 0 && Layers > 0,
                "tessera: LSTM needs positive channel, unit and layer counts");
  static constexpr int directions = Ways.both ? 2 : 1;
  static constexpr int tensors = 4 * Layers * directions;
  static_assert(tensors <= Run<Cpu>::max_state,
                "tessera: LSTM has at most 24 tensors: 6 layers, or 3 in both directions; put "
                "further layers into a second LSTM");
  static constexpr std::string_view name = "lstm";
  static constexpr bool needs_x = true, needs_y = false, strided = true;
  static constexpr int outputs = directions * Hidden;

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.masked()) return Complaint::masked;
    if (!takes_channels(In, in)) return Complaint::channels;
    return Shape{in.height, in.width, outputs};
  }
  static constexpr std::array<Parameter, static_cast<std::size_t>(tensors)> parameters(Shape in) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return tessera::parameters(parameter<static_cast<int>(I)>(deduced(In, in.channels))...);
    }
    (std::make_index_sequence<static_cast<std::size_t>(tensors)>{});
  }
  /// Gates, cells and output of every layer.
  static constexpr Saved saved(Shape in) { return {in.pixels() * Layers * per_row, 0}; }
  static constexpr std::size_t workspace(const WorkspaceRequest& r) {
    return r.scalar_size == sizeof(double) ? scratch<double>(r) : scratch<float>(r);
  }
  static constexpr Reach reach{0};
  static constexpr std::int64_t flops(Shape in, Shape) {
    std::int64_t total = 0;
    for (int l = 0; l < Layers; ++l)
      total += std::int64_t{8} * outputs * ((l == 0 ? in.channels : outputs) + Hidden);
    return in.pixels() * total;
  }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    std::byte* workspace = run.workspace();
    const kernels::LstmProblem first = problem(run.batch(), run.x().shape(), 0);
    T* const x = kernels::take<T>(workspace, first.rows() * first.inputs);
    kernels::to_time_major(run.context(), run.x(), x);
    const T* input = x;
    for (int l = 0; l < Layers; ++l) {
      const kernels::LstmProblem p = problem(run.batch(), run.x().shape(), l);
      const kernels::LstmState<T> kept = state(run, p, l);
      kernels::lstm_forward<T>(run.context(), p, weights(run, l).data(), input, kept, workspace);
      input = kept.y;
    }
    kernels::from_time_major(run.context(), input, run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    std::byte* workspace = run.workspace();
    const Shape in = run.x().shape();
    const std::ptrdiff_t rows = problem(run.batch(), in, 0).rows();
    T* const x = kernels::take<T>(workspace, rows * in.channels);
    T* dy = kernels::take<T>(workspace, rows * widest(in));
    T* dx = kernels::take<T>(workspace, rows * widest(in));
    kernels::to_time_major(run.context(), run.x(), x);
    kernels::to_time_major(run.context(), run.dy(), dy);
    for (int l = Layers - 1; l >= 0; --l, std::swap(dx, dy)) {
      const kernels::LstmProblem p = problem(run.batch(), in, l);
      const T* const input = l == 0 ? x : state(run, p, l - 1).y;
      T* const wanted = l > 0 || run.dx() ? dx : nullptr;
      kernels::lstm_backward<T>(run.context(), p, weights(run, l).data(), input, state(run, p, l),
                                dy, wanted, gradients(run, l).data(), workspace);
    }
    if (run.dx()) kernels::from_time_major<T>(run.context(), dy, run.dx());
  }

 private:
  static constexpr int per_row = 6 * outputs;  // kept of a step in a layer: 4 gates, cell, output
  static constexpr int widest(const Shape& in) { return std::max(in.channels, outputs); }

  template <int I>
  static constexpr Parameter parameter(int inputs) {
    constexpr int layer = I / (4 * directions), kind = I % 4;
    constexpr auto& text = detail::lstm_name<kind, layer, I / 4 % directions == 1>;
    Parameter p{std::string_view(text.text, static_cast<std::size_t>(text.length)),
                {4 * Hidden},
                torch_default(Hidden)};
    if (kind == 0) p.dims = {4 * Hidden, layer == 0 ? inputs : outputs};
    if (kind == 1) p.dims = {4 * Hidden, Hidden};
    return p;
  }
  static constexpr kernels::LstmProblem problem(int batch, const Shape& in, int layer) {
    return {std::ptrdiff_t{batch} * in.height, in.width, layer == 0 ? in.channels : outputs, Hidden,
            directions};
  }
  template <class T>
  static constexpr std::size_t scratch(const WorkspaceRequest& r) {
    std::size_t most = 0;
    for (int l = 0; l < std::min(Layers, 2); ++l) {
      const kernels::LstmProblem p = problem(r.batch, r.inputs.shape[0], l);
      most = std::max(most, r.backward ? kernels::lstm_backward_workspace<T>(p)
                                       : kernels::lstm_forward_workspace<T>(p));
    }
    const Shape& in = r.inputs.shape[0];
    const std::ptrdiff_t rows = problem(r.batch, in, 0).rows();
    return most + kernels::lstm_bytes<T>(rows * in.channels) +
           (r.backward ? 2 * kernels::lstm_bytes<T>(rows * widest(in)) : 0);
  }
  template <class Device, class T>
  static kernels::LstmState<T> state(const Run<Device, T>& run, const kernels::LstmProblem& p,
                                     int l) {
    T* const gates = run.saved() + l * p.rows() * per_row;
    T* const cells = gates + p.rows() * 4 * outputs;
    return {gates, cells, cells + p.rows() * outputs};
  }
  template <class Device, class T>
  static auto weights(const Run<Device, T>& run, int l) {
    std::array<kernels::LstmWeights<const T>, std::size_t{directions}> w{};
    for (int d = 0; d < directions; ++d) {
      const int i = 4 * (l * directions + d);
      w[static_cast<std::size_t>(d)] = {run.parameter(i).data, run.parameter(i + 1).data,
                                        run.parameter(i + 2).data, run.parameter(i + 3).data};
    }
    return w;
  }
  template <class Device, class T>
  static auto gradients(const Run<Device, T>& run, int l) {
    std::array<kernels::LstmWeights<T>, std::size_t{directions}> g{};
    for (int d = 0; d < directions; ++d) {
      const int i = 4 * (l * directions + d);
      g[static_cast<std::size_t>(d)] = {run.gradient(i).data, run.gradient(i + 1).data,
                                        run.gradient(i + 2).data, run.gradient(i + 3).data};
    }
    return g;
  }
};

}  // namespace tessera
