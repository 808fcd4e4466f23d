// SPDX-License-Identifier: BSD-3-Clause
// Moving, adding and multiplying activations between views of equal sizes and any pixel strides, and joining the
// mask planes that travel with them.
#pragma once
#include <cstdint>
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// y = x. The views may not overlap, unless they are the same.
template <class T>
void copy(const Context<Cpu>&, std::type_identity_t<View<const T>> x, View<T> y);
template <class T>
void copy(const Context<Cuda>&, std::type_identity_t<View<const T>> x, View<T> y);

/// y += x.
template <class T>
void add_into(const Context<Cpu>&, std::type_identity_t<View<const T>> x, View<T> y);
template <class T>
void add_into(const Context<Cuda>&, std::type_identity_t<View<const T>> x, View<T> y);

/// y = a + b; y may be a or b.
template <class T>
void add(const Context<Cpu>&, std::type_identity_t<View<const T>> a,
         std::type_identity_t<View<const T>> b, View<T> y);
template <class T>
void add(const Context<Cuda>&, std::type_identity_t<View<const T>> a,
         std::type_identity_t<View<const T>> b, View<T> y);

/// y = a b, element by element; y may be a or b.
template <class T>
void multiply(const Context<Cpu>&, std::type_identity_t<View<const T>> a,
              std::type_identity_t<View<const T>> b, View<T> y);
template <class T>
void multiply(const Context<Cuda>&, std::type_identity_t<View<const T>> a,
              std::type_identity_t<View<const T>> b, View<T> y);

/// y = 0; what was there, NaN included, is not read.
template <class T>
void fill_zero(const Context<Cpu>&, View<T> y);
template <class T>
void fill_zero(const Context<Cuda>&, View<T> y);

/// Copies the planes of x behind the first `first` planes of y: two calls concatenate two masks.
/// y.groups must hold all planes. x [N, H, W, G], y [N, H, W, >= first + G].
void copy_mask(const Context<Cpu>&, ValidView x, int first, MutableValidView y);
void copy_mask(const Context<Cuda>&, ValidView x, int first, MutableValidView y);

/// y = [a, b]: a [N, H, W, A], b [N, H, W, B] -> y [N, H, W, A+B].
void concatenate_masks(const Context<Cpu>&, ValidView a, ValidView b, MutableValidView y);
void concatenate_masks(const Context<Cuda>&, ValidView a, ValidView b, MutableValidView y);

/// y = a and b, plane by plane; y may be a or b. All [N, H, W, G].
void intersect_masks(const Context<Cpu>&, ValidView a, ValidView b, MutableValidView y);
void intersect_masks(const Context<Cuda>&, ValidView a, ValidView b, MutableValidView y);

/// Adds 1 to a counter of the model's state.
void increment(const Context<Cpu>&, std::int64_t* counter);
void increment(const Context<Cuda>&, std::int64_t* counter);

/// number = count; count += 1: on a GPU alone, where the host does not know the count.
void take_number(const Context<Cuda>&, std::uint64_t* count, std::uint64_t* number);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/copy.hpp>
#endif
