// SPDX-License-Identifier: BSD-3-Clause
// The recurrence of an LSTM layer on the CPU. A task takes a few sequences through all steps of one
// direction: sequences never meet, so threads never wait for each other. At each step a product of
// few rows runs over weights packed once, and the gates are computed from its registers' tile.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/product_tile.hpp>
#include <tessera/kernels/lstm_problem.hpp>
#include <tessera/tensor/pointwise_functions.hpp>

namespace tessera::inline TESSERA_ABI::kernels::detail {

/// Sequences one task takes through time.
inline constexpr std::ptrdiff_t lstm_group = 6;

/// panel[p][gate][unit] = W[gate H + first + unit][p] for the units of one vector; 0 beyond H.
template <class T>
void pack_forward_panel(std::ptrdiff_t hidden, std::ptrdiff_t first, const T* weight, T* panel) {
  const std::ptrdiff_t units = std::min(simd::width<T>, hidden - first);
  if (units < simd::width<T>) std::fill_n(panel, hidden * product_columns<T>, T(0));
  for (std::ptrdiff_t gate = 0; gate < 4; ++gate)
    for (std::ptrdiff_t p0 = 0; p0 < hidden; p0 += 16)  // 16 columns: whole lines of W
      for (std::ptrdiff_t unit = 0; unit < units; ++unit) {
        const T* row = weight + (gate * hidden + first + unit) * hidden;
        for (std::ptrdiff_t p = p0; p < std::min(p0 + 16, hidden); ++p)
          panel[p * product_columns<T> + gate * simd::width<T> + unit] = row[p];
      }
}

/// panel[q][unit] = W[q][first + unit] for the units of four vectors; 0 beyond H.
template <class T>
void pack_backward_panel(std::ptrdiff_t hidden, std::ptrdiff_t first, const T* weight, T* panel) {
  const std::ptrdiff_t units = std::min(product_columns<T>, hidden - first);
  for (std::ptrdiff_t q = 0; q < 4 * hidden; ++q, panel += product_columns<T>) {
    std::copy_n(weight + q * hidden + first, units, panel);
    std::fill(panel + units, panel + product_columns<T>, T(0));
  }
}

/// Sequences [first, first + count) of one direction.
template <class T>
struct LstmTask {
  LstmProblem problem;
  std::ptrdiff_t direction, first, count;

  /// The time of step i.
  std::ptrdiff_t time(std::ptrdiff_t i) const { return direction == 0 ? i : problem.steps - 1 - i; }
  /// The first row of the task in an array [D][T, S, width], or [T, S, width] of one direction.
  template <class P>
  P* rows(P* data, std::ptrdiff_t width, std::ptrdiff_t t) const {
    return data + ((direction * problem.steps + t) * problem.sequences + first) * width;
  }
  template <class P>
  P* outputs(P* data, std::ptrdiff_t t) const {
    return data + (t * problem.sequences + first) * problem.outputs() + direction * problem.hidden;
  }
};

/// gates hold x W_ih^T at the start, the gates at the end. bias [4H] is the sum of both.
template <class T>
void lstm_run_forward(const LstmTask<T>& task, const T* panels, const T* bias,
                      const LstmState<T>& s) {
  using simd::Vector;
  using F = pointwise::Functions;
  const std::ptrdiff_t H = task.problem.hidden, outputs = task.problem.outputs();
  alignas(64) T product[product_rows<T> * product_columns<T>];
  for (std::ptrdiff_t i = 0; i < task.problem.steps; ++i) {
    const std::ptrdiff_t t = task.time(i), before = task.time(std::max<std::ptrdiff_t>(i - 1, 0));
    const T *h_before = task.outputs(s.y, before), *c_before = task.rows(s.cells, H, before);
    T *gates = task.rows(s.gates, 4 * H, t), *c = task.rows(s.cells, H, t);
    T* h = task.outputs(s.y, t);
    const T* panel = panels;
    for (std::ptrdiff_t j = 0; j < H; j += simd::width<T>, panel += H * product_columns<T>)
      for_each_share(task.count, product_rows<T>, [&](std::ptrdiff_t row, std::ptrdiff_t rows) {
        product_tile(rows, i == 0 ? 0 : H, ProductRows<T>{h_before + row * outputs, outputs, 1},
                     panel, product_columns<T>, WholeTile<T>{}, product);
        const auto units = [&](auto lanes) {
          for (std::ptrdiff_t r = 0; r < rows; ++r) {
            T* const gate = gates + (row + r) * 4 * H + j;
            const auto sum = [&](std::ptrdiff_t k) {
              return lanes.load(gate + k * H) + lanes.load(bias + k * H + j) +
                     Vector<T>::load_aligned(product + (4 * r + k) * simd::width<T>);
            };
            const Vector<T> in = F::sigmoid(sum(0)), forget = F::sigmoid(sum(1));
            const Vector<T> g = F::tanh(sum(2)), out = F::sigmoid(sum(3));
            Vector<T> cell = in * g;
            if (i > 0)
              cell = simd::multiply_add(forget, lanes.load(c_before + (row + r) * H + j), cell);
            lanes.store(gate, in), lanes.store(gate + H, forget);
            lanes.store(gate + 2 * H, g), lanes.store(gate + 3 * H, out);
            lanes.store(c + (row + r) * H + j, cell);
            lanes.store(h + (row + r) * outputs + j, out * F::tanh(cell));
          }
        };
        if (j + simd::width<T> <= H) units(simd::WholeVector<T>{});
        else units(simd::PartVector<T>{H - j});
      });
  }
}

/// dgates [D][T, S, 4H]: gradients by the gates' sums. carry [S, H] of the direction: dc.
template <class T>
void lstm_run_backward(const LstmTask<T>& task, const T* panels, const LstmState<T>& s, const T* dy,
                       T* dgates, T* carry) {
  using simd::Vector;
  using F = pointwise::Functions;
  const std::ptrdiff_t H = task.problem.hidden, outputs = task.problem.outputs();
  const std::ptrdiff_t last = task.problem.steps - 1;
  alignas(64) T product[product_rows<T> * product_columns<T>];
  for (std::ptrdiff_t i = last; i >= 0; --i) {
    const std::ptrdiff_t t = task.time(i), before = task.time(std::max<std::ptrdiff_t>(i - 1, 0));
    const T *gates = task.rows(s.gates, 4 * H, t), *c = task.rows(s.cells, H, t);
    const T *c_before = task.rows(s.cells, H, before), *gradient = task.outputs(dy, t);
    T* const d = task.rows(dgates, 4 * H, t);
    const T* const d_after = task.rows(dgates, 4 * H, task.time(std::min(i + 1, last)));
    const T* panel = panels;
    for (std::ptrdiff_t j0 = 0; j0 < H;
         j0 += product_columns<T>, panel += 4 * H * product_columns<T>)
      for_each_share(task.count, product_rows<T>, [&](std::ptrdiff_t row, std::ptrdiff_t rows) {
        product_tile(rows, i == last ? 0 : 4 * H, ProductRows<T>{d_after + row * 4 * H, 4 * H, 1},
                     panel, product_columns<T>, WholeTile<T>{}, product);
        for (std::ptrdiff_t r = 0; r < rows; ++r) {
          const std::ptrdiff_t at = (row + r) * H;
          simd::for_each_vector<T>(
              std::min(product_columns<T>, H - j0), [&](auto lanes, std::ptrdiff_t u) {
                const std::ptrdiff_t j = j0 + u;
                const Vector<T> one(T(1));
                const T* gate = gates + 4 * at + j;
                T* to = d + 4 * at + j;
                const Vector<T> in = lanes.load(gate), forget = lanes.load(gate + H);
                const Vector<T> g = lanes.load(gate + 2 * H), out = lanes.load(gate + 3 * H);
                const Vector<T> squashed = F::tanh(lanes.load(c + at + j));
                const Vector<T> dh = lanes.load(gradient + (row + r) * outputs + j) +
                                     Vector<T>::load_aligned(product + r * product_columns<T> + u);
                Vector<T> dc = dh * out * (one - squashed * squashed);
                if (i < last) dc += lanes.load(carry + (task.first + row + r) * H + j);
                const Vector<T> kept = i > 0 ? lanes.load(c_before + at + j) : Vector<T>(T(0));
                lanes.store(to, dc * g * in * (one - in));
                lanes.store(to + H, dc * kept * forget * (one - forget));
                lanes.store(to + 2 * H, dc * in * (one - g * g));
                lanes.store(to + 3 * H, dh * squashed * out * (one - out));
                lanes.store(carry + (task.first + row + r) * H + j, dc * forget);
              });
        }
      });
  }
}

}  // namespace tessera::kernels::detail
