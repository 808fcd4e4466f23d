// SPDX-License-Identifier: BSD-3-Clause
// Which convolutions of a GPU are cuDNN's: what was measured once is remembered, in memory and in
// the cache on disk.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tessera/cuda/convolutions.hpp>
#include <tessera/cuda/cudnn/cudnn.hpp>
#include <tessera/cuda/detail/disk_cache.hpp>
#include <tessera/cuda/runtime.hpp>
#include <tessera/version.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// One pass as a layer has it: what its speed depends on.
struct ConvolutionCall {
  CudnnProblem problem;
  bool masked = false, scaled = false, biased = false;

  friend auto operator<=>(const ConvolutionCall&, const ConvolutionCall&) = default;
};

/// Which library computes a pass. Without a plan by Tessera's kernels; with one by cuDNN if that is
/// decided, else by either: the two are to be measured.
struct ConvolutionChoice {
  const CudnnConvolution* plan = nullptr;
  bool decided = true;
};

/// The choices of one GPU, with cuDNN's plans.
class ConvolutionChoices {
 public:
  explicit ConvolutionChoices(const runtime::Device& device)
      : device_(text({device.name, " ", device.architecture})),
        disk_(DiskCache::standard_directory()) {}

  /// Why cuDNN is not used for products of a precision; empty where it is.
  std::string_view why_not(Precision precision) const {
    if (precision == Precision::bf16) return "cuDNN is called in float32 and tf32, not in bf16";
    return no_handle_.empty() ? CudnnLibrary::instance().why_not() : std::string_view(no_handle_);
  }
  /// Which library computes convolutions: "cuDNN 9.19 or Tessera, whichever measured faster".
  std::string describe(Convolutions convolutions, Precision precision) const {
    if (convolutions == Convolutions::cudnn) return name_of_cudnn();
    if (convolutions == Convolutions::own) return "Tessera's own kernels";
    const std::string_view why = why_not(precision);
    if (!why.empty()) return text({"Tessera's own kernels (", why, ")"});
    return name_of_cudnn() + " or Tessera, whichever measured faster";
  }
  /// Errors: DeviceError where cuDNN is demanded and cannot be used
  void demand(Convolutions convolutions, Precision precision) const {
    if (const auto why = why_not(precision); convolutions == Convolutions::cudnn && !why.empty())
      throw DeviceError(text({"convolutions by cuDNN were asked for: ", why}));
  }

  /// Which library is to compute a pass. A plan is made, and the disk read, when this is first asked;
  /// not while a graph is recorded. Errors: DeviceError where cuDNN is demanded and cannot do it
  ConvolutionChoice find(Convolutions convolutions, const ConvolutionCall& call,
                         const runtime::Stream& stream) {
    if (convolutions == Convolutions::own) return {};
    demand(convolutions, call.problem.precision);
    if (!why_not(call.problem.precision).empty()) return {};
    const bool demanded = convolutions == Convolutions::cudnn;
    if (!known_.contains(call) && !demanded && stream.recording()) return {};
    Known& known = known_[call];
    if (!demanded && !known.looked_up) {
      known.looked_up = true;
      const std::optional<std::string> stored = disk_.find(key(call));
      if (stored == "cudnn" || stored == "own") known.cudnn_is_faster = stored == "cudnn";
    }
    if (!demanded && known.cudnn_is_faster == false) return {};
    try {
      if (!known.plan)
        known.plan = std::make_unique<CudnnConvolution>(call.problem, handle(stream));
    } catch (const DeviceError&) {
      if (demanded) throw;
      known.cudnn_is_faster = false;
      return {};
    }
    return {known.plan.get(), demanded || known.cudnn_is_faster.has_value()};
  }
  /// Tessera computes it until this GPU is opened again.
  void refuse(const ConvolutionCall& call) { known_[call].cudnn_is_faster = false; }
  /// Keeps what was measured.
  void remember(const ConvolutionCall& call, bool cudnn_is_faster) {
    known_[call].cudnn_is_faster = cudnn_is_faster;
    disk_.store(key(call), cudnn_is_faster ? "cudnn" : "own");
  }

  /// cuDNN's handle for the stream, made when first asked for. Errors: DeviceError
  const CudnnHandle& handle(const runtime::Stream& stream) {
    if (handle_) return *handle_;
    try {
      return handle_.emplace(stream.handle());
    } catch (const DeviceError& error) {
      no_handle_ = error.what();
      throw;
    }
  }

 private:
  struct Known {
    std::unique_ptr<CudnnConvolution> plan;
    std::optional<bool> cudnn_is_faster;
    bool looked_up = false;
  };

  static std::string name_of_cudnn() {
    const std::size_t version = CudnnLibrary::instance().version();
    return text({"cuDNN ", version / 10000, ".", version / 100 % 100});
  }
  std::string key(const ConvolutionCall& call) const {
    std::string all =
        text({"convolution by ", device_, ", ", name_of_cudnn(), ".",
              CudnnLibrary::instance().version() % 100, ", Tessera ", TESSERA_VERSION_MAJOR, ".",
              TESSERA_VERSION_MINOR, ".", TESSERA_VERSION_PATCH, ":"});
    for (const std::int64_t number : call.problem.key()) all += text({" ", number});
    return all + text({" ", call.masked, " ", call.scaled, " ", call.biased});
  }

  std::string device_, no_handle_;
  DiskCache disk_;
  std::optional<CudnnHandle> handle_;
  std::map<ConvolutionCall, Known> known_;
};

}  // namespace tessera::cuda
