// SPDX-License-Identifier: BSD-3-Clause
// A GPU through the CUDA runtime. No driver library is linked: a program that uses this starts on a
// machine without a driver, and gets a DeviceError when it asks for the GPU.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <mutex>
#include <string>
#include <utility>

#include <tessera/cuda/emulation/dim3.hpp>
#include <tessera/cuda/detail/recording.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI::runtime {

/// Throws DeviceError where a call failed; `what` and `detail` say in which work.
inline void check(cudaError_t error, const char* what, const std::string& detail = {}) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // errors that do not last are not found again by the next call
  throw DeviceError(text({"CUDA: ", what, detail.empty() ? "" : " ", detail, " failed: ",
                          cudaGetErrorString(error), " (", cudaGetErrorName(error), ")"}));
}

/// What is known of a GPU.
struct Device {
  int number = 0;
  std::string name, architecture;  // "sm_90"
};

/// Number of GPUs that can be used; where there is none, `why_not` gets the reason.
inline int device_count(std::string* why_not = nullptr) {
  int count = 0, driver = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (error == cudaSuccess && count > 0) return count;
  if (!why_not) return 0;
  cudaDriverGetVersion(&driver);
  cudaGetLastError();
  const auto version = [](int v) { return text({v / 1000, ".", v % 1000 / 10}); };
  if (error == cudaErrorInsufficientDriver && driver == 0) *why_not = "no NVIDIA driver was found";
  else if (error == cudaErrorInsufficientDriver)
    *why_not = text({"the NVIDIA driver is too old: it serves CUDA ", version(driver),
                     ", this program needs CUDA ", version(CUDART_VERSION)});
  else if (error == cudaErrorNoDevice || error == cudaSuccess)
    *why_not = "the NVIDIA driver sees no GPU";
  else *why_not = cudaGetErrorString(error);
  return 0;
}

/// Makes GPU `number` the calling thread's, whatever other libraries have chosen since.
inline void activate(int number) {
  int current = -1;
  if (cudaGetDevice(&current) == cudaSuccess && current == number) return;
  check(cudaSetDevice(number), "choosing GPU", std::to_string(number));
}

/// Opens a GPU. Errors: DeviceError that says why there is none and what to do.
inline Device open(int number) {
  std::string why_not;
  const int count = device_count(&why_not);
  if (count == 0)
    throw DeviceError("no GPU can be used: " + why_not +
                      "; use the CPU instead (Cpu, --device cpu)");
  if (number < 0 || number >= count)
    throw DeviceError(text({"there is no GPU ", number, ": expected 0 to ", count - 1}));
  activate(number);
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, number), "asking for the GPU's properties");
  return {number, properties.name, text({"sm_", properties.major, properties.minor})};
}

inline void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  if (error == cudaErrorMemoryAllocation) {
    std::size_t free = 0, total = 0;
    cudaGetLastError();
    cudaMemGetInfo(&free, &total);
    throw DeviceError(
        text({"the GPU's memory does not suffice: ", bytes >> 20, " MiB were asked for, ",
              free >> 20, " of ", total >> 20, " MiB are free; use a smaller batch"}));
  }
  check(error, "allocating", text({bytes, " bytes"}));
  return memory;
}
inline void release(void* memory) { cudaFree(memory); }

/// Host memory that copies can overlap with.
inline void* allocate_pinned(std::size_t bytes) {
  void* memory = nullptr;
  check(cudaMallocHost(&memory, bytes), "allocating pinned host memory of",
        text({bytes, " bytes"}));
  return memory;
}
inline void release_pinned(void* memory) { cudaFreeHost(memory); }

/// Work in order. Kernels, copies and graphs of one stream run one after the other.
class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "making a stream"); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { cudaStreamDestroy(handle_); }
  cudaStream_t handle() const { return handle_; }
  /// Whether its work is recorded as a graph at present.
  bool recording() const {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(handle_, &status), "asking a stream whether it is recorded");
    return status != cudaStreamCaptureStatusNone;
  }

 private:
  cudaStream_t handle_ = nullptr;
};

inline void synchronize(const Stream& stream) {
  check(cudaStreamSynchronize(stream.handle()), "the GPU's work");
}
/// Copies between host and GPU in either direction, in the stream's order.
inline void copy(void* to, const void* from, std::size_t bytes, const Stream& stream) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream.handle()), "copying",
        text({bytes, " bytes"}));
}
inline void fill(void* memory, int byte, std::size_t bytes, const Stream& stream) {
  check(cudaMemsetAsync(memory, byte, bytes, stream.handle()), "filling", text({bytes, " bytes"}));
}

/// A point in a stream's work that the host can wait for.
class Event {
 public:
  Event() : Event(cudaEventDisableTiming) {}
  explicit Event(unsigned flags) {
    check(cudaEventCreateWithFlags(&handle_, flags), "making an event");
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(handle_); }
  void record(const Stream& stream) {
    check(cudaEventRecord(handle_, stream.handle()), "recording an event");
  }
  void wait() { check(cudaEventSynchronize(handle_), "the GPU's work"); }
  void wait_quietly() noexcept { cudaEventSynchronize(handle_); }
  cudaEvent_t handle() const { return handle_; }

 private:
  cudaEvent_t handle_ = nullptr;
};
/// What is put into the stream from now on waits for the event.
inline void wait(const Stream& stream, const Event& event) {
  check(cudaStreamWaitEvent(stream.handle(), event.handle(), 0), "waiting for an event");
}

/// One kernel, ready to be launched.
using Function = cudaKernel_t;

/// Compiled kernels, loaded.
class Module {
 public:
  explicit Module(const std::string& cubin) {
    check(cudaLibraryLoadData(&library_, cubin.data(), nullptr, nullptr, 0, nullptr, nullptr, 0),
          "loading compiled kernels");
  }
  Module(Module&& other) noexcept : library_(std::exchange(other.library_, nullptr)) {}
  Module& operator=(Module&& other) noexcept {
    std::swap(library_, other.library_);
    return *this;
  }
  ~Module() {
    if (library_) cudaLibraryUnload(library_);
  }
  Function function(const std::string& lowered_name) const {
    Function kernel = nullptr;
    check(cudaLibraryGetKernel(&kernel, library_, lowered_name.c_str()), "finding kernel",
          lowered_name);
    cudaFuncAttributes loaded{};  // asking loads it, which may not happen while a graph is recorded
    check(cudaFuncGetAttributes(&loaded, reinterpret_cast<const void*>(kernel)), "loading kernel",
          lowered_name);
    return kernel;
  }

 private:
  cudaLibrary_t library_ = nullptr;
};

/// Lets a kernel use this much dynamic shared memory (more than 48 KiB must be asked for).
inline void allow_shared_memory(Function kernel, std::size_t bytes, const std::string& name) {
  check(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                             cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
        text({"asking for ", bytes, " bytes of shared memory for"}).c_str(), name);
}
inline void launch(Function kernel, const std::string& name, Dim3 grid, Dim3 block,
                   std::size_t shared_bytes, void** arguments, const Stream& stream) {
  const cudaError_t error =
      cudaLaunchKernel(reinterpret_cast<const void*>(kernel), dim3(grid.x, grid.y, grid.z),
                       dim3(block.x, block.y, block.z), arguments, shared_bytes, stream.handle());
  if (error != cudaSuccess)
    check(error, "launching",
          text({name, " on ", grid.x, "x", grid.y, "x", grid.z, " blocks of ",
                block.x * block.y * block.z, " threads,"}));
}

/// Work that was recorded once and can be repeated as a whole.
class Graph {
 public:
  /// Records what `work` puts into the stream; nothing of it runs.
  template <class Work>
  Graph(const Stream& stream, const Work& work) {
    const std::scoped_lock alone(recording_or_waiting);
    check(cudaStreamBeginCapture(stream.handle(), cudaStreamCaptureModeThreadLocal),
          "beginning a graph");
    cudaGraph_t recorded = nullptr;
    try {
      work();
    } catch (...) {
      cudaStreamEndCapture(stream.handle(), &recorded);
      if (recorded) cudaGraphDestroy(recorded);
      cudaGetLastError();
      throw;
    }
    check(cudaStreamEndCapture(stream.handle(), &recorded), "recording a graph");
    const cudaError_t error = cudaGraphInstantiate(&graph_, recorded, 0);
    cudaGraphDestroy(recorded);
    check(error, "making a graph");
  }
  Graph(Graph&& other) noexcept : graph_(std::exchange(other.graph_, nullptr)) {}
  Graph& operator=(Graph&& other) noexcept {
    std::swap(graph_, other.graph_);
    return *this;
  }
  ~Graph() {
    if (graph_) cudaGraphExecDestroy(graph_);
  }
  void launch(const Stream& stream) {
    check(cudaGraphLaunch(graph_, stream.handle()), "launching a graph");
  }

 private:
  cudaGraphExec_t graph_ = nullptr;
};

/// Seconds that the GPU takes for a graph: the best of three runs, each behind another one, so that
/// the host has launched it before its time begins. Waits for them.
inline double seconds_of(Graph& graph, const Stream& stream) {
  Event start(cudaEventDefault), end(cudaEventDefault);
  double best = 0;
  for (int run = 0; run < 3; ++run) {
    graph.launch(stream);
    start.record(stream);
    graph.launch(stream);
    end.record(stream);
    end.wait();
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, start.handle(), end.handle()), "measuring");
    const double seconds = 1e-3 * static_cast<double>(milliseconds);
    best = run == 0 || seconds < best ? seconds : best;
  }
  return best;
}

}  // namespace tessera::cuda::runtime
