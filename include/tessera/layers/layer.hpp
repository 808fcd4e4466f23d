// SPDX-License-Identifier: BSD-3-Clause
// What the library reads off a layer type, as plain values. A layer is a stateless struct; required
// members are
//   name            static constexpr std::string_view
//   output_shape    Shape -> Shape (or Complaint), or two Shapes, or InputShapes
//   forward, backward   (const Run<Device, T>&)
// optional: parameters(Shape), saved(Shape), workspace(...), needs_x, needs_y, in_place,
// gradient_in_place, strided, makes_mask, joins_channels, negative_slope, takes_activation, reach,
// flops(Shape in, Shape out). No base class and no registration: see docs/adding_a_layer.md.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tessera/layers/complaint.hpp>
#include <tessera/layers/parameter.hpp>

namespace tessera {

/// Elements a layer keeps from forward until backward.
struct Saved {
  std::int64_t per_sample = 0, per_batch = 0;
};

/// What workspaces are sized by.
struct WorkspaceRequest {
  InputShapes inputs;
  Shape output;
  int batch = 1;
  std::size_t scalar_size = sizeof(float);
  bool backward = false;
};

/// Which input positions an output position reads, per axis: [stride*p - padding, stride*p -
/// padding + kernel - 1] of an input enlarged by `upsample`; none where that is empty. kernel = 0
/// means the whole input, unless the input is enlarged. Bits of outputs agree where their positions
/// differ by a multiple of `grid`: more than 1 where neighbours are computed together.
struct Reach {
  int kernel = 1, stride = 1, padding = 0, upsample = 1, grid = 1;
  constexpr bool whole() const { return kernel == 0 && upsample == 1; }
};

/// A layer's `output_shape`, in whichever of its forms the layer has: pointing to the layer's own
/// function, as a function made for each layer type would cost compile time.
class OutputShape {
 public:
  using OfOne = ShapeOrComplaint (*)(Shape);
  using Unfailing = Shape (*)(Shape);
  using OfTwo = ShapeOrComplaint (*)(Shape, Shape);
  using OfAll = ShapeOrComplaint (*)(const InputShapes&);

  constexpr OutputShape(OfOne f) : form_(Form::of_one), of_one_(f) {}
  constexpr OutputShape(Unfailing f) : form_(Form::always), always_(f) {}
  constexpr OutputShape(OfTwo f) : form_(Form::of_two), of_two_(f) {}
  constexpr OutputShape(OfAll f) : form_(Form::of_all), of_all_(f) {}

  constexpr ShapeOrComplaint operator()(const InputShapes& in) const {
    if (form_ == Form::of_all) return of_all_(in);
    if (in.count != (form_ == Form::of_two ? 2 : 1)) return Complaint::input_count;
    if (form_ == Form::of_two) return of_two_(in.shape[0], in.shape[1]);
    if (form_ == Form::always) return always_(in.shape[0]);
    return of_one_(in.shape[0]);
  }

 private:
  // Asked instead of the pointers: g++ 12 with UndefinedBehaviorSanitizer takes no comparison of a
  // function's address for a constant.
  enum class Form { of_one, always, of_two, of_all } form_;
  OfOne of_one_ = nullptr;
  Unfailing always_ = nullptr;
  OfTwo of_two_ = nullptr;
  OfAll of_all_ = nullptr;
};

/// A layer type as values, the same for every device and scalar.
struct Layer {
  std::string_view name;
  OutputShape output_shape;
  Saved (*saved)(const InputShapes&, const Shape& output);
  std::size_t (*workspace)(const WorkspaceRequest&);
  std::int64_t (*flops)(const InputShapes&, const Shape& output);
  bool needs_x, needs_y;   // backward reads x, y
  bool in_place;           // y may be x
  bool gradient_in_place;  // dx may be dy
  bool strided;            // accepts views whose pixel stride is larger than their channels
  bool makes_mask;         // forward writes y's mask; else x's mask is passed on
  bool joins_channels;     // y is its inputs side by side, and they may already lie there
  bool takes_activation;   // applies the activation behind it itself: Run::negative_slope
  double negative_slope;   // y = x > 0 ? x : negative_slope * x; below 0: another function
  Reach reach;
};

namespace detail {

template <class L>
constexpr ShapeOrComplaint output_shape(const InputShapes& in) {
  if constexpr (requires { L::output_shape(in); }) {
    return L::output_shape(in);
  } else if constexpr (requires { L::output_shape(Shape{}, Shape{}); }) {
    if (in.count != 2) return Complaint::input_count;
    return L::output_shape(in.shape[0], in.shape[1]);
  } else {
    if (in.count != 1) return Complaint::input_count;
    return L::output_shape(in.shape[0]);
  }
}
template <class L>
constexpr Saved saved(const InputShapes& in, const Shape& out) {
  if constexpr (requires { L::saved(in.shape[0], out); }) return L::saved(in.shape[0], out);
  else return L::saved(in.shape[0]);
}
template <class L>
constexpr std::int64_t flops(const InputShapes& in, const Shape& out) {
  return L::flops(in.shape[0], out);
}
// One function each for all layers that do not say: a function a layer type would cost compile
// time.
constexpr ShapeOrComplaint refuse_all(const InputShapes&) { return Complaint::not_accepted; }
constexpr Saved nothing_saved(const InputShapes&, const Shape&) { return {}; }
constexpr std::size_t no_workspace(const WorkspaceRequest&) { return 0; }
constexpr std::int64_t one_flop_each(const InputShapes&, const Shape& out) { return out.size(); }

template <class L>
constexpr Layer describe_layer() {
  static_assert(
      requires { std::string_view{L::name}; },
      "tessera: not a layer: it needs `static constexpr std::string_view name`");
  static_assert(
      requires(InputShapes in) { L::output_shape(in); } || requires { L::output_shape(Shape{}); } ||
          requires { L::output_shape(Shape{}, Shape{}); },
      "tessera: not a layer: it needs `static constexpr Shape output_shape(Shape in)`");
  Layer layer{L::name, refuse_all, nothing_saved, no_workspace, one_flop_each, true, true,   false,
              false,   false,      false,         false,        false,         -1,   Reach{}};
  if constexpr (requires { OutputShape(&L::output_shape); }) layer.output_shape = &L::output_shape;
  else layer.output_shape = output_shape<L>;
  if constexpr (
      requires { L::saved(Shape{}); } || requires { L::saved(Shape{}, Shape{}); })
    layer.saved = saved<L>;
  if constexpr (requires(const WorkspaceRequest& r) { L::workspace(r); })
    layer.workspace = [](const WorkspaceRequest& r) { return L::workspace(r); };
  if constexpr (requires { L::flops(Shape{}, Shape{}); }) layer.flops = flops<L>;
  if constexpr (requires { bool{L::needs_x}; }) layer.needs_x = L::needs_x;
  if constexpr (requires { bool{L::needs_y}; }) layer.needs_y = L::needs_y;
  if constexpr (requires { bool{L::in_place}; })
    layer.in_place = layer.gradient_in_place = L::in_place;
  if constexpr (requires { bool{L::gradient_in_place}; })
    layer.gradient_in_place = L::gradient_in_place;
  if constexpr (requires { bool{L::strided}; }) layer.strided = L::strided;
  if constexpr (requires { bool{L::makes_mask}; }) layer.makes_mask = L::makes_mask;
  if constexpr (requires { bool{L::joins_channels}; }) layer.joins_channels = L::joins_channels;
  if constexpr (requires { Reach{L::reach}; }) layer.reach = L::reach;
  if constexpr (requires { bool{L::takes_activation}; }) {
    static_assert(L::strided && !L::needs_y,
                  "tessera: a layer that takes an activation is strided and does not need y");
    layer.takes_activation = L::takes_activation;
  }
  if constexpr (requires { double{L::negative_slope}; }) {
    static_assert(L::in_place && !L::needs_x,
                  "tessera: a layer with a negative_slope works in place and does not need x");
    layer.negative_slope = L::negative_slope;
  }
  return layer;
}

}  // namespace detail

/// The values of layer type L; its address stands for the type in error messages.
template <class L>
inline constexpr Layer layer_of = detail::describe_layer<L>();

}  // namespace tessera
