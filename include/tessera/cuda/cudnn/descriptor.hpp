// SPDX-License-Identifier: BSD-3-Clause
// The descriptors that cuDNN's graph API is made of. Empty where the program is compiled without
// cuDNN's headers.
#pragma once
#include <tessera/cuda/cudnn/library.hpp>

#ifdef TESSERA_HAS_CUDNN_HEADERS
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// Owns one descriptor. Every failure is a DeviceError that names cuDNN's function and status.
class CudnnDescriptor {
 public:
  explicit CudnnDescriptor(cudnnBackendDescriptorType_t type) {
    detail::check_cudnn(cudnn().create_descriptor(type, &descriptor_),
                        "cudnnBackendCreateDescriptor");
  }
  CudnnDescriptor(CudnnDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  CudnnDescriptor& operator=(CudnnDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~CudnnDescriptor() {
    if (descriptor_) cudnn().destroy_descriptor(descriptor_);
  }

  cudnnBackendDescriptor_t get() const { return descriptor_; }

  CudnnDescriptor& set(cudnnBackendAttributeName_t name, const CudnnDescriptor& value) {
    return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_);
  }
  template <class T>
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, std::initializer_list<T> values) {
    return set(name, type_of<T>(), values.size(), values.begin());
  }
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, std::string_view value) {
    return set(name, CUDNN_TYPE_CHAR, value.size(), value.data());
  }

  CudnnDescriptor& finalize() {
    detail::check_cudnn(cudnn().finalize(descriptor_), "cudnnBackendFinalize");
    return *this;
  }
  /// False where cuDNN does not support what the descriptor describes.
  bool try_finalize() { return cudnn().finalize(descriptor_) == CUDNN_STATUS_SUCCESS; }

  template <class T>
  std::vector<T> values(cudnnBackendAttributeName_t name) const {
    std::vector<T> all(count(name, type_of<T>()));
    get(name, type_of<T>(), all.size(), all.data());
    return all;
  }
  std::vector<CudnnDescriptor> descriptors(cudnnBackendAttributeName_t name,
                                           cudnnBackendDescriptorType_t type) const {
    std::vector<CudnnDescriptor> all;
    std::vector<cudnnBackendDescriptor_t> raw;
    for (std::size_t left = count(name, CUDNN_TYPE_BACKEND_DESCRIPTOR); left > 0; --left)
      raw.push_back(all.emplace_back(type).descriptor_);
    all.erase(all.begin() + get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw.size(), raw.data()),
              all.end());
    return all;
  }

 private:
  static const CudnnFunctions& cudnn() { return CudnnLibrary::instance().functions(); }

  template <class T>
  static constexpr cudnnBackendAttributeType_t type_of() {
    if constexpr (std::is_same_v<T, std::int64_t>) return CUDNN_TYPE_INT64;
    else if constexpr (std::is_same_v<T, float>) return CUDNN_TYPE_FLOAT;
    else if constexpr (std::is_same_v<T, char>) return CUDNN_TYPE_CHAR;
    else if constexpr (std::is_same_v<T, void*>) return CUDNN_TYPE_VOID_PTR;
    else if constexpr (std::is_same_v<T, cudnnHandle_t>) return CUDNN_TYPE_HANDLE;
    else if constexpr (std::is_same_v<T, cudnnDataType_t>) return CUDNN_TYPE_DATA_TYPE;
    else if constexpr (std::is_same_v<T, cudnnConvolutionMode_t>)
      return CUDNN_TYPE_CONVOLUTION_MODE;
    else if constexpr (std::is_same_v<T, cudnnBackendHeurMode_t>) return CUDNN_TYPE_HEUR_MODE;
    else {
      static_assert(std::is_same_v<T, cudnnBackendNumericalNote_t>);
      return CUDNN_TYPE_NUMERICAL_NOTE;
    }
  }

  CudnnDescriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                       std::size_t count, const void* values) {
    detail::check_cudnn(
        cudnn().set_attribute(descriptor_, name, type, static_cast<std::int64_t>(count), values),
        "cudnnBackendSetAttribute");
    return *this;
  }
  std::size_t count(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const {
    return static_cast<std::size_t>(get(name, type, 0, nullptr));
  }
  std::int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                   std::size_t count, void* values) const {
    std::int64_t got = 0;
    detail::check_cudnn(cudnn().get_attribute(descriptor_, name, type,
                                              static_cast<std::int64_t>(count), &got, values),
                        "cudnnBackendGetAttribute");
    return got;
  }

  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

}  // namespace tessera::cuda
#endif
