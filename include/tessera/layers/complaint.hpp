// SPDX-License-Identifier: BSD-3-Clause
// What can be wrong between a layer and its input: one code, one sentence, the same at compile time
// and at run time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tessera/tensor/shape.hpp>

namespace tessera {

/// Every complaint and its sentence: X(name, sentence). The one list of them.
#define TESSERA_COMPLAINTS(X)                                                                      \
  X(channels, "the layer's input channels differ from what comes in")                              \
  X(window, "the layer's window is larger than its padded input")                                  \
  X(concat_size, "a concatenation joins channels, so both inputs need the same height and width")  \
  X(concat_mask, "a concatenation joins a masked stream with an unmasked one")                     \
  X(sum_shape, "a sum needs two inputs of one shape and mask layout")                              \
  X(product_shape, "a product needs two inputs of one shape and mask layout")                      \
  X(too_many_groups, "more mask groups than a shape can carry")                                    \
  X(not_masked, "a partial convolution needs a masked stream; start the network with MaskedInput") \
  X(masked, "this layer has no rule for a masked stream")                                          \
  X(input_count, "the layer got another number of inputs than it takes")                           \
  X(unknown_label, "no earlier Tap or Input has this label")                                       \
  X(duplicate_label, "two Taps or Inputs have the same label")                                     \
  X(second_label, "a value carries one label, and this one has one already")                       \
  X(duplicate_name, "two blocks of one scope have the same name")                                  \
  X(fixed_size, "the layer's parameters were made for another image size")                         \
  X(element_count, "an unflatten needs one pixel that holds height x width x channels numbers")    \
  X(not_accepted, "the layer does not accept this input shape")                                    \
  X(groups, "the layer's groups do not divide the channels that come in")                          \
  X(mask_ended, "this layer ends the mask that a later layer needs; use a layer that keeps masks")

/// What is wrong.
enum class Complaint : std::uint8_t {
  none,
#define TESSERA_COMPLAINT(name, text) name,
  TESSERA_COMPLAINTS(TESSERA_COMPLAINT)
#undef TESSERA_COMPLAINT
};

/// One sentence for a complaint.
constexpr std::string_view sentence(Complaint c) {
  constexpr std::string_view sentences[]{"nothing is wrong",
#define TESSERA_COMPLAINT(name, text) text,
                                         TESSERA_COMPLAINTS(TESSERA_COMPLAINT)
#undef TESSERA_COMPLAINT
  };
  return sentences[static_cast<std::size_t>(c)];
}

/// What `output_shape` of a layer returns: a shape, or what is wrong with the input.
struct ShapeOrComplaint {
  Shape shape{};
  Complaint complaint = Complaint::none;

  // Not inlined: a program has an output_shape for each layer, and each would be optimised.
  [[gnu::noinline]] constexpr ShapeOrComplaint(const Shape& s) : shape(s) {}
  [[gnu::noinline]] constexpr ShapeOrComplaint(Complaint c) : complaint(c) {}
};

/// Shapes of all inputs of one operation.
struct InputShapes {
  static constexpr int max_count = 4;
  Shape shape[max_count]{};
  int count = 0;
};

}  // namespace tessera
