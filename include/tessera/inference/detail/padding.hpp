// SPDX-License-Identifier: BSD-3-Clause
// Images of any size: which sizes a network's shapes accept, and the reflected padding up to the
// next one.
#pragma once
#include <string>

#include <tessera/network/structure.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// Where row or column i >= 0 of a padded image comes from in an image of `size` rows or columns:
/// PyTorch's 'reflect', the border not repeated, and back and forth where the padding is longer
/// than the image: 0 1 2 | 1 0 1 2 1 ...
constexpr int reflected(int i, int size) {
  if (i < size || size == 1) return i < size ? i : 0;
  const int period = 2 * (size - 1), r = i % period;
  return r < size ? r : period - r;
}

/// What a network's shape functions say to an image size.
struct SizeCheck {
  Shape output{};
  Complaint complaint = Complaint::none;
  int operation = -1;  // that complains
};

/// Follows an image of this size through the network's shape functions; makes no plan.
inline SizeCheck check_size(const Structure& s, int height, int width) {
  Grow<Shape> shapes(static_cast<int>(s.values.size()));
  for (int v = 0; v < s.inputs; ++v) shapes[v] = s.values[static_cast<std::size_t>(v)].shape;
  shapes[0].height = height;
  shapes[0].width = width;
  for (std::size_t i = 0; i < s.operations.size(); ++i) {
    const Operation& op = s.operations[i];
    InputShapes in;
    for (int k = 0; k < op.input_count; ++k) in.shape[in.count++] = shapes[op.input[k]];
    ShapeOrComplaint out = op.layer->output_shape(in);
    if (out.complaint == Complaint::none && refuses_size(s, op, in)) out = Complaint::fixed_size;
    if (out.complaint != Complaint::none) return {{}, out.complaint, static_cast<int>(i)};
    shapes[op.output] = out.shape;
  }
  return {shapes[s.output].unmasked()};
}

namespace detail {

inline bool accepts(const Structure& s, int height, int width) {
  const SizeCheck check = check_size(s, height, width);
  return check.complaint == Complaint::none && check.output.height == height &&
         check.output.width == width;
}
inline std::string complaint_text(const Structure& s, const SizeCheck& check) {
  const Operation& op = s.operations[static_cast<std::size_t>(check.operation)];
  const std::string path = path_of(s, op);
  return std::string(op.layer->name) + (path.empty() ? "" : " \"" + path + "\"") + ": " +
         std::string(sentence(check.complaint));
}

}  // namespace detail

/// How many rows or columns are added at most in search of a size that fits.
inline constexpr int max_padding = 1024;

/// The smallest size of at least `image`'s that goes through the network and comes out unchanged,
/// found by trying. Rows are added at the bottom and columns at the right, so every pixel keeps
/// its place in the grid of the strides, and the padding added is the least there can be.
/// Errors: ShapeError if there is no such size within max_padding, if the network's output is not
/// an image like its input, or if its parameters belong to one size and the image has another.
inline Shape padded_size(const Structure& s, const Shape& image) {
  const Shape declared = s.values[0].shape.unmasked();
  if (image.height == 0 || image.width == 0)
    throw ShapeError("inpaint: expected images of at least 1x1 pixels, got " + to_string(image));
  const SizeCheck first = check_size(s, image.height, image.width);
  if (first.complaint == Complaint::none && first.output == image) return image;
  const SizeCheck doubled = check_size(s, 2 * declared.height, 2 * declared.width);
  if (first.complaint == Complaint::fixed_size || doubled.complaint == Complaint::fixed_size)
    throw ShapeError(
        "inpaint: the network takes images of " + to_string(declared) + " only (" +
        detail::complaint_text(s, first.complaint == Complaint::fixed_size ? first : doubled) +
        "), got " + to_string(image));
  const auto fitting = [&](int size) {  // height and width follow the same rules
    for (int n = size; n <= size + max_padding; ++n)
      if (detail::accepts(s, n, n)) return n;
    return 0;
  };
  const Shape padded{fitting(image.height), fitting(image.width), image.channels};
  if (padded.height && padded.width && check_size(s, padded.height, padded.width).output == padded)
    return padded;
  if (first.complaint == Complaint::none)
    throw ShapeError("inpaint: the network's output is " + to_string(first.output) +
                     ", expected the image's " + to_string(image));
  throw ShapeError("inpaint: the network takes neither images of " + to_string(image) +
                   " nor larger ones of up to " + std::to_string(max_padding) +
                   " more rows and columns (" + detail::complaint_text(s, first) + ")");
}

}  // namespace tessera
