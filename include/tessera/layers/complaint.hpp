// SPDX-License-Identifier: BSD-3-Clause
// What can be wrong between a layer and its input: one code, one sentence, the same at compile time
// and at run time.
#pragma once
#include <cstdint>
#include <string_view>

#include <tessera/tensor/shape.hpp>

namespace tessera {

enum class Complaint : std::uint8_t {
  none,
  channels,         // layer's input channels differ
  window,           // window larger than the padded input
  concat_size,      // concatenation of different heights or widths
  concat_mask,      // concatenation of a masked with an unmasked stream
  sum_shape,        // sum of different shapes
  too_many_groups,  // more mask groups than MaskGroups::max_count
  not_masked,       // partial convolution of an unmasked stream
  masked,           // a layer without a rule for masks on a masked stream
  input_count,      // wrong number of inputs
  unknown_label,    // no Tap or Input of this name
  duplicate_label,  // two Taps or Inputs of one name
  second_label,     // a value that has a label already
  duplicate_name,   // two blocks of one name in one scope
  fixed_size,       // the layer's parameters depend on the size
  element_count,    // unflatten of another number of elements
  not_accepted      // a user's layer refuses
};

/// One sentence for a complaint.
constexpr std::string_view sentence(Complaint c) {
  switch (c) {
    case Complaint::none:
      return "nothing is wrong";
    case Complaint::channels:
      return "the layer's input channels differ from what comes in";
    case Complaint::window:
      return "the layer's window is larger than its padded input";
    case Complaint::concat_size:
      return "a concatenation joins channels, so both inputs need the same height and width";
    case Complaint::concat_mask:
      return "a concatenation joins a masked stream with an unmasked one";
    case Complaint::sum_shape:
      return "a sum needs two inputs of one shape and mask layout";
    case Complaint::too_many_groups:
      return "more mask groups than a shape can carry";
    case Complaint::not_masked:
      return "a partial convolution needs a masked stream; start the network with MaskedInput";
    case Complaint::masked:
      return "this layer has no rule for a masked stream";
    case Complaint::input_count:
      return "the layer got another number of inputs than it takes";
    case Complaint::unknown_label:
      return "no earlier Tap or Input has this label";
    case Complaint::duplicate_label:
      return "two Taps or Inputs have the same label";
    case Complaint::second_label:
      return "a value carries one label, and this one has one already";
    case Complaint::duplicate_name:
      return "two blocks of one scope have the same name";
    case Complaint::fixed_size:
      return "the layer's parameters were made for another image size";
    case Complaint::element_count:
      return "an unflatten needs one pixel that holds height x width x channels numbers";
    case Complaint::not_accepted:
      return "the layer does not accept this input shape";
  }
  return "";
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
