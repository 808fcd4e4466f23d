// SPDX-License-Identifier: BSD-3-Clause
// A sum of losses that are computed one after the other: a double, or a number in a GPU's memory.
#pragma once
#include <tessera/kernels/reduce.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/device_number.hpp>

namespace tessera {

/// Starts at 0; `+=` takes what the losses' kernels return on the device, and so does value().
template <class Device>
class RunningSum {
 public:
  explicit RunningSum(const Context<Device>& context)
      : context_(context), place_(context_.engine().number()) {
    context_.engine().fill(place_, 0, sizeof(double));
  }
  void operator+=(const DeviceNumber& n) { kernels::add_number(context_, n, place_); }
  DeviceNumber value() const { return context_.engine().number_at(place_); }

 private:
  Context<Device> context_;
  double* place_;
};

template <>
class RunningSum<Cpu> {
 public:
  explicit RunningSum(const Context<Cpu>&) {}
  void operator+=(double n) { sum_ += n; }
  double value() const { return sum_; }

 private:
  double sum_ = 0;
};

}  // namespace tessera
