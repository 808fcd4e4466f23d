// SPDX-License-Identifier: BSD-3-Clause
// The joins containers make: concatenation of channels, sum and product of two values. They are
// layers like any other, but are not counted when unnamed layers are numbered.
#pragma once
#include <tessera/kernels/copy.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// Joins channels: y = [x0, x1, ...] along C; mask groups are appended in the same order.
///
/// Shapes     x_i [N, H, W, C_i]  ->  y [N, H, W, sum C_i]; all masked or none
/// Gradients  x_i: assigned (=) with their slice of dy
/// Errors     concat_size, concat_mask, too_many_groups
struct Concat {
  static constexpr std::string_view name = "concat";
  static constexpr bool needs_x = false, needs_y = false, strided = true, makes_mask = true,
                        joins_channels = true;

  static constexpr ShapeOrComplaint output_shape(const InputShapes& in) {
    Shape out = in.shape[0];
    for (int i = 1; i < in.count; ++i) {
      const Shape& s = in.shape[i];
      if (s.height != out.height || s.width != out.width) return Complaint::concat_size;
      if (s.masked() != out.masked()) return Complaint::concat_mask;
      if (out.mask.count + s.mask.count > MaskGroups::max_count) return Complaint::too_many_groups;
      out.channels += s.channels;
      for (int g = 0; g < s.mask.count; ++g)
        out.mask.channels[out.mask.count++] = s.mask.channels[g];
    }
    return out;
  }

  /// An input the plan already laid into its slice of y is not copied.
  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    int channel = 0, plane = 0;
    for (int i = 0; i < InputShapes::max_count && run.x(i); ++i) {
      const View<T> slice = run.y().slice(channel, run.x(i).channels);
      if (slice.data != run.x(i).data) kernels::copy(run.context(), run.x(i), slice);
      if (run.x_valid(i)) kernels::copy_mask(run.context(), run.x_valid(i), plane, run.y_valid());
      channel += run.x(i).channels;
      plane += run.x_valid(i).groups.count;
    }
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    int channel = 0;
    for (int i = 0; i < InputShapes::max_count && run.x(i); ++i) {
      const View<const T> slice = run.dy().slice(channel, run.x(i).channels);
      if (run.dx(i) && slice.data != run.dx(i).data) kernels::copy(run.context(), slice, run.dx(i));
      channel += run.x(i).channels;
    }
  }
};

/// Adds two values: y = x0 + x1. A position of a masked stream is valid where both are.
///
/// Shapes     x0, x1, y [N, H, W, C]
/// Gradients  x0, x1: assigned (=) with dy
/// Errors     sum_shape
struct Sum {
  static constexpr std::string_view name = "sum";
  static constexpr bool needs_x = false, needs_y = false, strided = true, makes_mask = true;

  static constexpr ShapeOrComplaint output_shape(const InputShapes& in) {
    if (in.count != 2) return Complaint::input_count;
    if (!(in.shape[0] == in.shape[1])) return Complaint::sum_shape;
    return in.shape[0];
  }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::add(run.context(), run.x(0), run.x(1), run.y());
    if (run.y_valid())
      kernels::intersect_masks(run.context(), run.x_valid(0), run.x_valid(1), run.y_valid());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    for (int i = 0; i < 2; ++i)
      if (run.dx(i)) kernels::copy(run.context(), run.dy(), run.dx(i));
  }
};

/// Multiplies two values element by element: y = x0 x1. A position of a masked stream is valid
/// where both are.
///
/// Shapes     x0, x1, y [N, H, W, C]
/// Gradients  x0: assigned (=) with dy x1.  x1: assigned (=) with dy x0
/// Errors     product_shape
struct Product {
  static constexpr std::string_view name = "product";
  static constexpr bool needs_y = false, strided = true, makes_mask = true;

  static constexpr ShapeOrComplaint output_shape(const InputShapes& in) {
    if (in.count != 2) return Complaint::input_count;
    if (!(in.shape[0] == in.shape[1])) return Complaint::product_shape;
    return in.shape[0];
  }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::multiply(run.context(), run.x(0), run.x(1), run.y());
    if (run.y_valid())
      kernels::intersect_masks(run.context(), run.x_valid(0), run.x_valid(1), run.y_valid());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    for (int i = 0; i < 2; ++i)
      if (run.dx(i)) kernels::multiply(run.context(), run.dy(), run.x(1 - i), run.dx(i));
  }
};

}  // namespace tessera
