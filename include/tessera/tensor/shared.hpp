// SPDX-License-Identifier: BSD-3-Clause
// An object with several owners in several threads. std::shared_ptr would do; <memory> alone costs
// every program that uses a model 0.1 s and 25 MiB of compiling.
#pragma once
#include <utility>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI {

/// Owns an object together with its copies; the last one to go deletes it. Stays where it is in
/// memory. A moved-from Shared is empty.
template <class T>
class Shared {
 public:
  Shared() = default;
  template <class... A>
  explicit Shared(std::in_place_t, A&&... arguments)
      : counted_(new Counted{1, T(std::forward<A>(arguments)...)}) {}
  Shared(const Shared& other) : counted_(other.counted_) {
    if (counted_) __atomic_fetch_add(&counted_->owners, 1, __ATOMIC_RELAXED);
  }
  Shared(Shared&& other) noexcept : counted_(std::exchange(other.counted_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(counted_, other.counted_);
    return *this;
  }
  ~Shared() {
    if (counted_ && __atomic_sub_fetch(&counted_->owners, 1, __ATOMIC_ACQ_REL) == 0)
      delete counted_;
  }

  T& operator*() const { return counted_->object; }
  T* operator->() const { return &counted_->object; }
  explicit operator bool() const { return counted_ != nullptr; }

 private:
  struct Counted {
    long owners;
    T object;
  };
  Counted* counted_ = nullptr;
};

}  // namespace tessera
