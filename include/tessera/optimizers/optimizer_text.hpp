// SPDX-License-Identifier: BSD-3-Clause
// Optimisers from one text for every device: settings, and the update of one parameter.
//
//   TESSERA_OPTIMIZER(Heavy, (learning_rate = 1e-2, momentum = 0.9), (),
//     template <class T> void update(T& w, T g, T& u) const {
//       u = constant<T>(momentum) * u + g;
//       w -= constant<T>(learning_rate) * u;
//     })
//
// makes the type Heavy: a `double` for each setting, learning_rate among them. update() gets the
// parameter, its gradient, already scaled, and a number for each buffer of the optimiser, which
// starts at 0. The third argument lists what one step computes before, from the settings and the
// step's number t = 1, 2, ...: (rate = learning_rate / (1 - pow(beta, t))). T and the functions are
// those of <tessera/kernels/pointwise.hpp>; `if` may ask settings, select() what is a T.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include <tessera/io/number_text.hpp>
#include <tessera/tensor/pointwise_functions.hpp>
#include <tessera/tensor/text_names.hpp>

// clang-format off
/// Defines the optimiser `Name`, at namespace scope. Name::Step is what a step reads: settings with
/// the learning rate of its time, t, and what is computed from them.
#define TESSERA_OPTIMIZER(Name, settings, computed, ...)                                        \
  struct Name {                                                                                 \
    TESSERA_NUMBERS settings                                                                    \
    struct Step;                                                                                \
    static const int buffers;                                                                   \
    ::std::string describe() const { return ::tessera::detail::describe_settings(*this, #Name); } \
  };                                                                                            \
  struct Name::Step : Name, ::tessera::pointwise::Functions {                                   \
    double t;                                                                                   \
    TESSERA_NUMBERS computed                                                                    \
    Step(const Name& at_this_time, double step) : Name(at_this_time), t(step) {}                \
    __VA_ARGS__                                                                                 \
    static constexpr const char *text = #__VA_ARGS__, *setting_names = #settings,               \
                                *numbers = #settings "(t)" #computed;                           \
  };                                                                                            \
  inline const int Name::buffers = ::tessera::detail::count_buffers<Name::Step>();
// clang-format on

namespace tessera::detail {

/// Whether update() takes so many buffers.
template <class Step, std::size_t... I>
constexpr bool updates(std::index_sequence<I...>) {
  return requires(const Step& s, double& x) { s.update(x, x, (static_cast<void>(I), x)...); };
}
template <class Step>
constexpr int count_buffers() {
  constexpr int most = 12;
  constexpr int found = []<std::size_t... N>(std::index_sequence<N...>) {
    int count = -1;
    ((updates<Step>(std::make_index_sequence<N>{}) ? count = static_cast<int>(N) : 0), ...);
    return count;
  }(std::make_index_sequence<most + 1>{});
  static_assert(found >= 0,
                "tessera: an optimiser's text needs `template <class T> void update(T& w, T g, T& "
                "buffer, ...) const` with at most 12 buffers");
  static_assert(
      requires(const Step& s) { s.learning_rate; },
      "tessera: an optimiser's settings need a learning_rate, which schedules multiply");
  return found;
}

/// "adam(learning_rate 0.001, beta1 0.9)"
template <class Algorithm>
std::string describe_settings(const Algorithm& algorithm, std::string_view name) {
  std::string out;
  for (const char c : name) out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out + "(" +
         pointwise::detail::settings_text(Algorithm::Step::setting_names, &algorithm,
                                          number_text) +
         ")";
}

}  // namespace tessera::detail
