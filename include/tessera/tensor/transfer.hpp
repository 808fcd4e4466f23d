// SPDX-License-Identifier: BSD-3-Clause
// Activations and masks between the host and the device of a pass.
#pragma once
#include <cstdint>
#include <vector>

#include <tessera/tensor/error.hpp>
#include <tessera/tensor/memory.hpp>
#include <tessera/tensor/tensor.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI {

/// A copy on the host of activations [N, H, W, C] on any device; waits for a GPU's work.
template <class Device, class T>
Tensor<std::remove_const_t<T>> to_host(const Context<Device>& context, const View<T>& x) {
  using U = std::remove_const_t<T>;
  Tensor<U> copy(x.batch, x.shape());
  if (x.size() == 0) return copy;
  const auto reach = static_cast<std::size_t>((x.pixels() - 1) * x.stride + x.channels);
  if (x.contiguous()) {
    Memory<Device>::to_host(context, copy.data(), x.data, reach * sizeof(U));
    return copy;
  }
  std::vector<U> all(reach);
  Memory<Device>::to_host(context, all.data(), x.data, reach * sizeof(U));
  for (std::ptrdiff_t p = 0; p < x.pixels(); ++p)
    for (int c = 0; c < x.channels; ++c)
      copy.data()[p * x.channels + c] = all[static_cast<std::size_t>(p * x.stride + c)];
  return copy;
}
/// The same for mask planes [N, H, W, G].
template <class Device, class Byte>
std::vector<std::uint8_t> to_host(const Context<Device>& context, const BasicValidView<Byte>& x) {
  std::vector<std::uint8_t> copy(static_cast<std::size_t>(x.data ? x.size() : 0));
  Memory<Device>::to_host(context, copy.data(), x.data, copy.size());
  return copy;
}

/// What the host may read: the view itself on the CPU, a copy of a GPU's.
template <class Device, class T>
class HostView {
 public:
  HostView(const Context<Device>& context, const View<const T>& x) : view_(x) {
    if constexpr (!Memory<Device>::on_host) view_ = (copy_ = to_host(context, x)).view();
  }
  operator View<const T>() const { return view_; }
  const View<const T>* operator->() const { return &view_; }

 private:
  Tensor<T> copy_;
  View<const T> view_;
};

/// Calls write(x, valid) with memory that the host may write, and brings it to the device. x and
/// valid must have no gaps; valid may be empty.
template <class Device, class T, class Write>
void write_from_host(const Context<Device>& context, View<T> x, MutableValidView valid,
                     const Write& write) {
  if constexpr (Memory<Device>::on_host) write(x, valid);
  else {
    Tensor<T> values(x.batch, x.shape());
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(valid ? valid.size() : 0));
    MutableValidView host_mask = valid;
    host_mask.data = valid ? mask.data() : nullptr;
    write(values.view(), host_mask);
    Memory<Device>::to_device(context, x.data, values.data(), values.size() * sizeof(T));
    Memory<Device>::to_device(context, valid.data, mask.data(), mask.size());
  }
}

/// Copies contiguous activations of the host to a device. Errors: ShapeError where the sizes differ
template <class Device, class T>
void to_device(const Context<Device>& context, std::type_identity_t<View<const T>> from,
               View<T> to) {
  if (from.batch != to.batch || from.shape() != to.shape() || !from.contiguous() ||
      !to.contiguous())
    throw ShapeError(text({"to_device: expected ", to.batch, " of ", to_string(to.shape()),
                           " without gaps, got ", from.batch, " of ", to_string(from.shape())}));
  Memory<Device>::to_device(context, to.data, from.data,
                            static_cast<std::size_t>(to.size()) * sizeof(T));
}

}  // namespace tessera
