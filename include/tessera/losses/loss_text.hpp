// SPDX-License-Identifier: BSD-3-Clause
// A loss of the output against the truth, element by element, from one text for every device:
//
//   TESSERA_LOSS(LogCosh, (sharpness = 1),
//     template <class T> T error(T y, T t) const { ... }
//     template <class T> T derivative(T y, T t) const { ... })
//
// makes a type to train with, LogCosh{.sharpness = 2, .region = Region::hole}: the settings, then
// region, mean_over and name. The text: <tessera/kernels/loss_function.hpp>.
#pragma once
#include <cstring>
#include <string>
#include <string_view>

#include <tessera/kernels/loss_function.hpp>
#include <tessera/losses/pixel_loss.hpp>

/// Defines the loss `Name`.
#define TESSERA_LOSS(Name, settings, ...)                  \
  struct Name {                                            \
    TESSERA_LOSS_FUNCTION(Function, settings, __VA_ARGS__) \
    TESSERA_LOSS_MEMBERS(Name, settings)                   \
  };

// clang-format off
/// Members of a loss whose `Function` is there. `region` are the pixels that count, `mean_over` what
/// the sum is divided by, `name` the term's: else the type's, without "Loss", with underscores, and
/// _hole or _valid behind.
#define TESSERA_LOSS_MEMBERS(Name, settings)                                                      \
  TESSERA_NUMBERS settings                                                                        \
  ::tessera::Region region = ::tessera::Region::whole;                                            \
  ::tessera::MeanOver mean_over = ::tessera::MeanOver::region;                                    \
  ::std::string name{};                                                                           \
                                                                                                  \
  ::std::string term() const {                                                                    \
    return name.empty() ? ::tessera::detail::term_name(#Name, region) : name;                     \
  }                                                                                               \
  ::std::string describe() const { return ::tessera::detail::describe_text_loss(*this, #Name); }  \
  template <class Device, class T>                                                                \
  void operator()(::tessera::Pass<Device, T>& pass, const ::tessera::Truth<T>& truth,             \
                  ::tessera::LossTerms& terms, double weight = 1) const {                         \
    ::tessera::detail::text_loss(*this, pass, truth, terms, weight);                              \
  }                                                                                               \
  /* found wherever the loss is defined */                                                        \
  friend ::tessera::WeightedLoss<Name> operator*(double factor, const Name& loss) {               \
    return {loss, factor};                                                                        \
  }                                                                                               \
  template <::tessera::Loss Other>                                                                \
  friend ::tessera::LossSum<Name, Other> operator+(const Name& loss, const Other& other) {        \
    return {loss, other};                                                                         \
  }
// clang-format on

namespace tessera::detail {

/// "smooth_l1" of SmoothL1Loss.
[[gnu::noinline]] inline std::string term_name(std::string_view type,
                                               Region region = Region::whole) {
  if (type.size() > 4 && type.ends_with("Loss")) type.remove_suffix(4);
  const auto upper = [&](std::size_t i) {
    return i < type.size() && type[i] >= 'A' && type[i] <= 'Z';
  };
  std::string out;
  for (std::size_t i = 0; i < type.size(); ++i) {
    const bool lower_behind = i + 1 < type.size() && type[i + 1] >= 'a' && type[i + 1] <= 'z';
    if (upper(i) && i > 0 && type[i - 1] != '_' && (!upper(i - 1) || lower_behind)) out += '_';
    out += upper(i) ? static_cast<char>(type[i] - 'A' + 'a') : type[i];
  }
  return out + (region == Region::whole ? "" : region == Region::hole ? "_hole" : "_valid");
}

/// "huber(delta 1, hole, mean over region)"
template <class Loss>
std::string describe_text_loss(const Loss& loss, std::string_view type) {
  return describe_pixel_loss(
      term_name(type), loss.region, loss.mean_over,
      pointwise::detail::settings_text(Loss::Function::numbers, &loss, number_text));
}

template <class Loss, class Device, class T>
void text_loss(const Loss& loss, Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms,
               double weight) {
  using Function = typename Loss::Function;
  constexpr int settings = pointwise::detail::count_numbers(Function::numbers);
  Function f;
  if constexpr (settings > 0) {  // both begin with them
    static_assert(sizeof f == settings * sizeof(double));
    std::memcpy(static_cast<void*>(&f), static_cast<const void*>(&loss), sizeof f);
  }
  if constexpr (requires { f.valid(); })
    if (!f.valid()) throw ArgumentError(loss.describe() + ": a setting is out of its range");
  pixel_loss(f, loss.region, loss.mean_over, loss.term(), pass, truth, terms, weight);
}

}  // namespace tessera::detail
