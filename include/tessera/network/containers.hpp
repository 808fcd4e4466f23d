// SPDX-License-Identifier: BSD-3-Clause
// Containers: types with one function `lower(builder, x)`. Users write their own the same way;
// these are the common ones.
#pragma once
#include <tessera/network/detail/builder.hpp>
#include <tessera/network/detail/fixed_string.hpp>

namespace tessera {

/// One layer after the other.
template <class... L>
struct Sequential {
  static constexpr Value lower(auto& b, Value x) {
    const int in_order[] = {
        0, ((x = b.template put<L>(x)), 0)...};  // a fold would hit clang's limit of 256
    (void)in_order;
    return x;
  }
};

/// concat[inner(x), x]: what the layers give comes first, the skipped x last. With no layers
/// concat[x, x].
template <class... L>
struct SkipConcat {
  static constexpr Value lower(auto& b, Value x) {
    return b.concat(Sequential<L...>::lower(b, x), x);
  }
};

/// concat[x, inner(x)]: the skipped x comes first.
template <class... L>
struct SkipFirst {
  static constexpr Value lower(auto& b, Value x) {
    return b.concat(x, Sequential<L...>::lower(b, x));
  }
};

/// x + inner(x).
template <class... L>
struct Residual {
  static constexpr Value lower(auto& b, Value x) { return b.sum(x, Sequential<L...>::lower(b, x)); }
};

/// A block whose parameters are named `Name.…`. Only Named opens a scope; the name may contain
/// dots.
template <FixedString Name, class... L>
struct Named {
  static constexpr Value lower(auto& b, Value x, auto... more) {
    const int outer = b.open(Name);
    if constexpr (sizeof...(L) == 1) x = b.template put<L...>(x, more...);
    else x = b.template put<Sequential<L...>>(x);
    b.close(outer);
    return x;
  }
};

/// Labels the current value, so that it can be read later by name: by ConcatWith, With, a loss or
/// the user.
template <FixedString Label>
struct Tap {
  static constexpr Value lower(auto& b, Value x) {
    b.mark(x, Label);
    return x;
  }
};

/// concat[x, the value of this label].
template <FixedString Label>
struct ConcatWith {
  static constexpr Value lower(auto& b, Value x) { return b.concat(x, b.label(Label)); }
};

/// A layer with two inputs: x and the value of this label.
template <FixedString Label, class L>
struct With {
  static constexpr Value lower(auto& b, Value x) { return b.template put<L>(x, b.label(Label)); }
};

/// An input of the network: height, width, channels, and a label where there are several.
template <int Height, int Width, int Channels, FixedString Label = "">
struct Input {
  static constexpr Value make(auto& b) { return b.input(Shape{Height, Width, Channels}, Label); }
};

/// An input with a mask of valid pixels (1 = known), one plane for all channels.
template <int Height, int Width, int Channels, FixedString Label = "">
struct MaskedInput {
  static constexpr Value make(auto& b) {
    return b.input(Shape{Height, Width, Channels}.with_mask(), Label);
  }
};

/// Several inputs; the first one is what the first layer reads, the others are read by label.
template <class First, class... More>
struct Inputs {
  static constexpr Value make(auto& b) {
    const Value first = First::make(b);
    const int in_order[] = {0, (More::make(b), 0)...};
    (void)in_order;
    return first;
  }
};

}  // namespace tessera
