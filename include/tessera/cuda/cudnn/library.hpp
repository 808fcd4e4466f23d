// SPDX-License-Identifier: BSD-3-Clause
// cuDNN 9, opened at run time: its functions and its handle. Empty where the program is compiled
// without cuDNN's headers (9.8 or later): include <tessera/cuda/cudnn/cudnn.hpp>, which then says so
// at run time.
#pragma once
#if __has_include(<cudnn_graph.h>) && __has_include(<cuda_runtime_api.h>)
#include <cudnn_graph.h>
#if CUDNN_VERSION >= 90800
#define TESSERA_HAS_CUDNN_HEADERS 1
#endif
#endif

#ifdef TESSERA_HAS_CUDNN_HEADERS
#include <dlfcn.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tessera/cuda/detail/recording.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// The functions of cuDNN that Tessera calls.
struct CudnnFunctions {
  decltype(&::cudnnGetVersion) get_version = nullptr;
  decltype(&::cudnnGetErrorString) get_error_string = nullptr;
  decltype(&::cudnnGetLastErrorString) get_last_error_string = nullptr;
  decltype(&::cudnnCreate) create = nullptr;
  decltype(&::cudnnDestroy) destroy = nullptr;
  decltype(&::cudnnSetStream) set_stream = nullptr;
  decltype(&::cudnnBackendCreateDescriptor) create_descriptor = nullptr;
  decltype(&::cudnnBackendDestroyDescriptor) destroy_descriptor = nullptr;
  decltype(&::cudnnBackendSetAttribute) set_attribute = nullptr;
  decltype(&::cudnnBackendGetAttribute) get_attribute = nullptr;
  decltype(&::cudnnBackendFinalize) finalize = nullptr;
  decltype(&::cudnnBackendExecute) execute = nullptr;
};

/// The library, or the reason why it cannot be used.
class CudnnLibrary {
 public:
  /// libcudnn.so.9, or what $TESSERA_CUDNN names instead; opened on first use, never closed.
  static const CudnnLibrary& instance() {
    static const CudnnLibrary library = [] {
      const char* path = std::getenv("TESSERA_CUDNN");
      return open(path && *path ? path : "libcudnn.so.9");
    }();
    return library;
  }
  /// Never throws for a library that is not there: ask available().
  static CudnnLibrary open(const char* path) {
    CudnnLibrary library;
    void* file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!file) {
      library.why_not_ = text({"cuDNN cannot be opened: ", dlerror()});
      return library;
    }
    const auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(file, name));
      if (!function && library.why_not_.empty())
        library.why_not_ = text({path, " is no cuDNN that Tessera can use: it has no ", name});
    };
    CudnnFunctions& f = library.functions_;
    find(f.get_version, "cudnnGetVersion");
    find(f.get_error_string, "cudnnGetErrorString");
    find(f.get_last_error_string, "cudnnGetLastErrorString");
    find(f.create, "cudnnCreate");
    find(f.destroy, "cudnnDestroy");
    find(f.set_stream, "cudnnSetStream");
    find(f.create_descriptor, "cudnnBackendCreateDescriptor");
    find(f.destroy_descriptor, "cudnnBackendDestroyDescriptor");
    find(f.set_attribute, "cudnnBackendSetAttribute");
    find(f.get_attribute, "cudnnBackendGetAttribute");
    find(f.finalize, "cudnnBackendFinalize");
    find(f.execute, "cudnnBackendExecute");
    if (library.available()) library.why_not_ = missing_part(path, f);
    if (library.available()) {
      const std::size_t version = library.version();
      if (version / 10000 != CUDNN_MAJOR || version < 90800)
        library.why_not_ = text({path, " is cuDNN ", version / 10000, ".", version / 100 % 100,
                                 "; expected 9.8 or a later 9"});
    }
    if (!library.available()) dlclose(file);
    return library;
  }

  bool available() const { return why_not_.empty(); }
  /// Why it is not available, else empty.
  std::string_view why_not() const { return why_not_; }
  /// 91900 is 9.19.0; 0 where it is not available.
  std::size_t version() const { return available() ? functions_.get_version() : 0; }

  /// The functions; throws DeviceError where the library is not available.
  const CudnnFunctions& functions() const {
    if (!available()) throw DeviceError(why_not_);
    return functions_;
  }

 private:
  /// A sentence where a library is missing that cuDNN opens at its first call: it would end the
  /// program then. They lie beside it.
  static std::string missing_part(const char* path, const CudnnFunctions& functions) {
    Dl_info file{};
    std::error_code error;
    if (!dladdr(reinterpret_cast<void*>(functions.get_version), &file)) return "";
    const auto folder = std::filesystem::canonical(file.dli_fname, error).parent_path();
    if (error) return "";
    for (const char* part :
         {"graph", "heuristic", "engines_precompiled", "engines_runtime_compiled"})
      if (const auto name = text({"libcudnn_", part, ".so.", CUDNN_MAJOR});
          !std::filesystem::exists(folder / name, error))
        return text({path, " is no cuDNN that Tessera can use: there is no ", name, " beside it"});
    return "";
  }

  CudnnFunctions functions_;
  std::string why_not_;
};

namespace detail {

/// Throws DeviceError "cuDNN: function: status (cuDNN's own words)" for what is not success.
inline void check_cudnn(cudnnStatus_t status, std::string_view function) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  const CudnnFunctions& cudnn = CudnnLibrary::instance().functions();
  char words[256] = "";
  cudnn.get_last_error_string(words, sizeof words);
  words[sizeof words - 1] = '\0';
  throw DeviceError(text({"cuDNN: ", function, ": ", cudnn.get_error_string(status),
                          *words ? " (" : "", words, *words ? ")" : ""}));
}

}  // namespace detail

/// A cuDNN context for the current device and one stream (a cudaStream_t or CUstream).
/// Throws DeviceError where there is no cuDNN, driver or GPU.
class CudnnHandle {
 public:
  explicit CudnnHandle(void* stream) {
    const CudnnFunctions& cudnn = CudnnLibrary::instance().functions();
    if (const cudnnStatus_t status = cudnn.create(&handle_); status != CUDNN_STATUS_SUCCESS)
      throw DeviceError(text({"cuDNN: cudnnCreate: ", cudnn.get_error_string(status),
                              "; it needs an NVIDIA GPU and a driver for its CUDA version"}));
    const cudnnStatus_t status = cudnn.set_stream(handle_, static_cast<cudaStream_t>(stream));
    if (status != CUDNN_STATUS_SUCCESS) cudnn.destroy(std::exchange(handle_, nullptr));
    detail::check_cudnn(status, "cudnnSetStream");
  }
  CudnnHandle(CudnnHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  CudnnHandle& operator=(CudnnHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~CudnnHandle() {
    if (!handle_) return;
    const std::scoped_lock alone(runtime::recording_or_waiting);
    CudnnLibrary::instance().functions().destroy(handle_);  // waits for the GPU
  }

  cudnnHandle_t get() const { return handle_; }

 private:
  cudnnHandle_t handle_ = nullptr;
};

}  // namespace tessera::cuda
#endif
