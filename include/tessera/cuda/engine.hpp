// SPDX-License-Identifier: BSD-3-Clause
// What the models of one thread share on one GPU: the stream, the compiled kernels, scratch memory,
// cuBLAS and cuDNN.
#pragma once
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/cuda/blas.hpp>
#include <tessera/cuda/cudnn/choices.hpp>
#include <tessera/cuda/kernel_cache.hpp>
#include <tessera/cuda/runtime.hpp>
#include <tessera/tensor/device_number.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// Memory on the GPU, zeroed by whoever made it. Move-only.
class Allocation {
 public:
  Allocation() = default;
  explicit Allocation(std::size_t bytes)
      : data_(bytes ? static_cast<std::byte*>(runtime::allocate(bytes)) : nullptr), size_(bytes) {}
  Allocation(Allocation&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Allocation& operator=(Allocation&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Allocation() {
    if (data_) runtime::release(data_);
  }
  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// One GPU as one thread uses it.
///
/// Work is put into one stream and runs in that order. Kernels are compiled when they are first
/// launched; `prepare` finds those of a whole piece of work, and compiles them together.
class Engine {
 public:
  /// Errors: DeviceError where the GPU cannot be used
  explicit Engine(int number = 0)
      : device_(runtime::open(number)),
        kernels_(device_.architecture),
        numbers_(number_bytes),
        convolutions_(device_) {
    clear(numbers_);
  }

  const runtime::Device& device() const { return device_; }
  const runtime::Stream& stream() const { return stream_; }

  /// Calls work() with nothing being run, only noted: compiles its kernels, in several threads, and
  /// sets aside the scratch memory it asks for.
  template <class Work>
  void prepare(const Work& work) {
    if (preparing_) return work();
    struct Preparing {
      Engine& engine;
      explicit Preparing(Engine& e) : engine(e) { e.preparing_ = true; }
      ~Preparing() { engine.preparing_ = false; }
    };
    noted_.clear();
    noted_scratch_ = 0;
    {
      const Preparing preparing(*this);
      work();
    }
    kernels_.make(noted_);
    scratch(noted_scratch_);
  }
  /// Number of kernels that are ready.
  std::size_t kernels() const { return kernels_.size(); }
  /// Whether work is only noted.
  bool preparing() const { return preparing_; }

  /// Launches a kernel; the arguments' types must be the kernel's.
  template <class K, class... A>
  void launch(const K& kernel, Dim3 grid, Dim3 block, std::size_t shared_bytes,
              const A&... arguments) {
#ifdef TESSERA_CUDA_EMULATE
    if (!to_launch(kernel, grid)) return;
    check_types(kernel, arguments...);
    kernels_.find(kernel, shared_bytes);
    stream_.put([=] { emulate(kernel.code, grid, block, shared_bytes, arguments...); });
#else
    void* pointers[] = {const_cast<A*>(&arguments)..., nullptr};  // read and copied at once
    launch_by_pointers(kernel, grid, block, shared_bytes, pointers);
#endif
  }

  /// Scratch memory, 256-byte aligned, for the kernels that the caller puts into the stream next:
  /// whoever asks later gets the same memory.
  std::byte* scratch(std::size_t bytes) {
    if (preparing_) {
      if (bytes > noted_scratch_) noted_scratch_ = bytes;
      return scratch_.empty() ? numbers_.data() : scratch_.back().data();  // not to be used
    }
    if (scratch_.empty() || scratch_.back().size() < bytes) {
      runtime::activate(device_.number);
      scratch_.emplace_back(bytes < 4096 ? 4096 : bytes + bytes / 4);  // graphs keep the old one
    }
    return scratch_.back().data();
  }

  /// A place for one number that a kernel makes and the host reads later: the sum of a loss. It is
  /// given out anew after 1024 others.
  double* number() {
    next_number_ = (next_number_ + 1) % number_count;
    return reinterpret_cast<double*>(numbers_.data()) + next_number_;
  }
  /// Such a place, or another one, as a number that the host reads when it asks.
  DeviceNumber number_at(const double* place) {
    return {place, this, [](void* engine, const double* from) {
              double value = 0;
              static_cast<Engine*>(engine)->read(&value, from, sizeof value);
              return value;
            }};
  }

  void copy(void* to, const void* from, std::size_t bytes) {
    if (bytes == 0 || preparing_) return;
    runtime::activate(device_.number);
    runtime::copy(to, from, bytes, stream_);
  }
  void fill(void* memory, int byte, std::size_t bytes) {
    if (bytes == 0 || preparing_) return;
    runtime::activate(device_.number);
    runtime::fill(memory, byte, bytes, stream_);
  }
  /// Sets new memory to 0, also while work is only noted.
  void clear(const Allocation& memory) {
    if (memory.size()) runtime::fill(memory.data(), 0, memory.size(), stream_);
  }
  /// Waits for all work put into the stream. Errors: DeviceError where it failed
  void synchronize() {
    if (!preparing_) runtime::synchronize(stream_);
  }
  /// Copies to the host and waits.
  void read(void* to, const void* from, std::size_t bytes) {
    copy(to, from, bytes);
    synchronize();
  }

  /// Matrix products; see blas.hpp.
  Blas& blas() { return blas_; }
  /// Which convolutions are cuDNN's.
  ConvolutionChoices& convolutions() { return convolutions_; }

 private:
  static constexpr int number_count = 1024;
  static constexpr std::size_t number_bytes = number_count * sizeof(double);

  /// Whether there is work, and not only to be noted.
  bool to_launch(const Kernel& kernel, Dim3 grid) {
    if (grid.x == 0 || grid.y == 0 || grid.z == 0) return false;
    if (preparing_) noted_.push_back(kernel);
    return !preparing_;
  }
#ifdef TESSERA_CUDA_EMULATE
  template <class... P, class... A>
  static void check_types(const detail::EmulatedKernel<P...>&, const A&...) {
    static_assert(
        std::is_same_v<void(P...), void(A...)>,
        "tessera: a launch's arguments need the kernel's own types: the GPU does not convert them");
  }
#else
  /// Compiled once, and not for every launch.
  [[gnu::noinline]] void launch_by_pointers(const Kernel& kernel, Dim3 grid, Dim3 block,
                                            std::size_t shared_bytes, void** pointers) {
    if (!to_launch(kernel, grid)) return;
    runtime::activate(device_.number);
    runtime::launch(kernels_.find(kernel, shared_bytes), kernel.name, grid, block, shared_bytes,
                    pointers, stream_);
  }
#endif

  runtime::Device device_;
  runtime::Stream stream_;
  KernelCache kernels_;
  Allocation numbers_;
  std::vector<Allocation> scratch_;
  Blas blas_;
  ConvolutionChoices convolutions_;
  std::vector<Kernel> noted_;
  std::size_t noted_scratch_ = 0;
  int next_number_ = 0;
  bool preparing_ = false;
};

}  // namespace tessera::cuda
