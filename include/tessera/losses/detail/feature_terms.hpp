// SPDX-License-Identifier: BSD-3-Clause
// The arithmetic of losses on feature maps: how far one layer's features of an image are from those
// of the truth, pixel by pixel and as a style. Views in, a number and a gradient out;
// <tessera/losses/feature_loss.hpp> runs the network that makes the features.
#pragma once
#include <tessera/kernels/copy.hpp>
#include <tessera/kernels/gram.hpp>
#include <tessera/kernels/pixel_loss.hpp>

namespace tessera {

/// How styles are compared: [liu2018]'s mean of |differences|, or [gatys2016]'s squared ones.
enum class StyleForm { absolute, squared };

namespace detail {

constexpr int style_together(int batch, bool merge_batch) { return merge_batch ? batch : 1; }

/// All matrices of one side as a view: a row of a matrix is a pixel.
template <class T>
View<T> gram_view(T* data, int batch, int channels, int together) {
  return make_view(data, batch / together, Shape{together * channels, 1, together * channels});
}

}  // namespace detail

/// Scratch bytes of perceptual_term and style_term for features a [N, H, W, C] in T.
template <class T>
constexpr std::size_t feature_workspace(int batch, const Shape& shape, bool merge_batch) {
  const int together = detail::style_together(batch, merge_batch), side = together * shape.channels;
  const std::size_t gram = aligned_size(
      static_cast<std::size_t>(kernels::gram_size(batch, shape.channels, together)) * sizeof(T));
  const std::size_t style =
      3 * gram + kernels::pixel_loss_workspace(batch / together, Shape{side, 1, side});
  const std::size_t perceptual = kernels::pixel_loss_workspace(batch, shape);
  return style > perceptual ? style : perceptual;
}

/// mean |a - b|; adds factor times its gradient to da unless da is empty.
///
/// Shapes     a, b, da [N, H, W, C], any pixel stride
/// Returns    a double; on a GPU a DeviceNumber
template <class Device, class T>
auto perceptual_term(const Context<Device>& context, std::type_identity_t<View<const T>> a,
                     std::type_identity_t<View<const T>> b, double factor, View<T> da,
                     std::byte* workspace) {
  const double count = static_cast<double>(a.size());
  return kernels::pixel_loss(context, kernels::AbsoluteError{}, kernels::Region::whole, a, b, {},
                             factor / count, da, workspace) /
         count;
}

/// The distance of the Gram matrices G (kernels/gram.hpp) of a and b; adds factor times its
/// gradient to da unless da is empty.
///
/// absolute   mean over matrices and their elements of |G(a) - G(b)| / (C H W)
/// squared    mean over matrices of sum (G(a) - G(b))^2 / (4 C^2 (H W)^2)
///
/// Shapes     a, b, da [N, H, W, C], any pixel stride
/// Options    merge_batch  one matrix of side N C for the batch, not one of side C for each image
/// Returns    a double; on a GPU a DeviceNumber
template <class Device, class T>
auto style_term(const Context<Device>& context, StyleForm form, bool merge_batch,
                std::type_identity_t<View<const T>> a, std::type_identity_t<View<const T>> b,
                double factor, View<T> da, std::byte* workspace) {
  const int together = detail::style_together(a.batch, merge_batch);
  const auto size = static_cast<std::size_t>(kernels::gram_size(a.batch, a.channels, together));
  const std::size_t bytes = aligned_size(size * sizeof(T));
  const auto matrices = [&](std::size_t i) {
    return detail::gram_view(reinterpret_cast<T*>(workspace + i * bytes), a.batch, a.channels,
                             together);
  };
  const View<T> ga = matrices(0), gb = matrices(1), slope = da ? matrices(2) : View<T>{};
  kernels::gram(context, a, together, ga.data);
  kernels::gram(context, b, together, gb.data);
  if (slope) kernels::fill_zero(context, slope);
  const double c = a.channels, pixels = static_cast<double>(a.shape().pixels());
  const double count = form == StyleForm::absolute ? static_cast<double>(ga.size()) * c * pixels
                                                   : ga.batch * 4 * c * c * pixels * pixels;
  const auto sum_of = [&](const auto& f) {
    return kernels::pixel_loss(context, f, kernels::Region::whole, ga, gb, {}, factor / count,
                               slope, workspace + 3 * bytes);
  };
  const auto sum = form == StyleForm::absolute ? sum_of(kernels::AbsoluteError{})
                                               : sum_of(kernels::SquaredError{});
  if (da) kernels::gram_backward(context, a, together, slope.data, da);
  return sum / count;
}

}  // namespace tessera
