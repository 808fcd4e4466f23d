// SPDX-License-Identifier: BSD-3-Clause
// Convolutions by cuDNN, an optional library: nothing links it, it is opened at run time, and
// CudnnLibrary::instance() says whether it is there. A program compiled without its headers has the
// same classes, and hears that at run time; tests that emulate the GPU have a twin.
#pragma once
#include <tessera/cuda/cudnn/problem.hpp>
#ifdef TESSERA_CUDA_EMULATE
#include <tessera/cuda/emulation/cudnn.hpp>
#else
#include <tessera/cuda/cudnn/convolution.hpp>
#endif

#if !defined(TESSERA_CUDA_EMULATE) && !defined(TESSERA_HAS_CUDNN_HEADERS)
namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

class CudnnLibrary {
 public:
  static const CudnnLibrary& instance() {
    static const CudnnLibrary library;
    return library;
  }
  static CudnnLibrary open(const char*) { return {}; }

  bool available() const { return false; }
  std::string_view why_not() const { return "compiled without the headers of cuDNN 9.8 or later"; }
  std::size_t version() const { return 0; }
};

namespace detail {
/// What cannot be made without cuDNN.
struct NeedsCudnn {
  NeedsCudnn() { throw DeviceError(text({"cuDNN: ", CudnnLibrary::instance().why_not()})); }
};
}  // namespace detail

struct CudnnHandle : detail::NeedsCudnn {
  explicit CudnnHandle(void*) {}
};

struct CudnnDevice : detail::NeedsCudnn {
  explicit CudnnDevice(const CudnnHandle&) {}
  explicit CudnnDevice(std::string_view) {}
  std::string json() const { return {}; }
};

struct CudnnConvolution : detail::NeedsCudnn {
  explicit CudnnConvolution(const CudnnProblem&) {}
  CudnnConvolution(const CudnnProblem&, const CudnnHandle&) {}
  CudnnConvolution(const CudnnProblem&, const CudnnDevice&) {}
  std::size_t workspace_bytes() const { return 0; }
  const std::string& engine() const { return engine_; }
  void run(const CudnnHandle&, const void*, const void*, void*, void*) const {}

 private:
  std::string engine_;
};

}  // namespace tessera::cuda
#endif
