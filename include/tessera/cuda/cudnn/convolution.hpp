// SPDX-License-Identifier: BSD-3-Clause
// One pass of a convolution with cuDNN: engine, execution plan and run. Empty where the program is
// compiled without cuDNN's headers.
#pragma once
#include <tessera/cuda/cudnn/graph.hpp>

#ifdef TESSERA_HAS_CUDNN_HEADERS
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// A GPU as cuDNN describes it. Written to text on a machine that has the GPU, it lets any other
/// choose engines and build plans for it.
class CudnnDevice {
 public:
  explicit CudnnDevice(const CudnnHandle& handle) {
    description_.set(CUDNN_ATTR_DEVICEPROP_HANDLE, {handle.get()}).finalize();
  }
  explicit CudnnDevice(std::string_view json) {
    description_.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, json).finalize();
  }

  std::string json() const {
    const auto text = description_.values<char>(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION);
    return {text.begin(), text.end()};
  }
  const CudnnDescriptor& descriptor() const { return description_; }

 private:
  CudnnDescriptor description_{CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR};
};

/// The operation graph of a problem and, given a GPU, the plan that runs it: the first engine that
/// cuDNN's heuristics offer (mode A, then B, then their fallback) and that can be built, with
///   - the same result on every run: no engine noted as nondeterministic;
///   - float32 sums, of products of inputs never rounded below tf32;
///   - for Precision::float32, no tensor cores, whose float32 products are of tf32;
///   - a workspace of at most 1 GiB.
/// Bad sizes and bf16 are an ArgumentError, all else that fails a DeviceError that names function,
/// status and problem.
class CudnnConvolution {
 public:
  /// The graph alone, which cannot run: what a machine without a GPU can check.
  explicit CudnnConvolution(const CudnnProblem& problem)
      : CudnnConvolution(problem, nullptr, nullptr) {}
  CudnnConvolution(const CudnnProblem& problem, const CudnnHandle& handle)
      : CudnnConvolution(problem, &handle, nullptr) {}
  /// The same plan, for a GPU that need not be here.
  CudnnConvolution(const CudnnProblem& problem, const CudnnDevice& device)
      : CudnnConvolution(problem, nullptr, &device) {}

  /// Bytes of scratch that run needs, on the device.
  std::size_t workspace_bytes() const { return workspace_bytes_; }
  /// The engine chosen, as "engine 67: tensor_core"; empty without a plan.
  const std::string& engine() const { return engine_; }

  /// result = pass(first, second), on the handle's stream; all pointers are of the device:
  ///   forward(x, w, y)   backward_input(dy, w, dx)   backward_weight(x, dy, dw)
  /// Whole tensors must begin at a multiple of 16 bytes, slices of channels at any element.
  void run(const CudnnHandle& handle, const void* first, const void* second, void* result,
           void* workspace) const {
    if (!plan_)
      throw ArgumentError(
          text({"cuDNN: ", to_text(problem_), ": made without a GPU, it cannot run"}));
    const auto [x, w, y] =
        tensors_of(problem_, first, second, result, workspace_bytes_ > 0 && !workspace);
    named([&, x = x, w = w, y = y] {
      CudnnDescriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
      pack.set<std::int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS,
                             {detail::x_tensor, detail::weight_tensor, detail::y_tensor})
          .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, {x, w, y})
          .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, {workspace})
          .finalize();
      detail::check_cudnn(
          CudnnLibrary::instance().functions().execute(handle.get(), plan_->get(), pack.get()),
          "cudnnBackendExecute");
    });
  }

 private:
  CudnnConvolution(const CudnnProblem& problem, const CudnnHandle* handle,
                   const CudnnDevice* device)
      : problem_(problem) {
    check(problem);
    named([&] {
      graph_.emplace(detail::cudnn_graph(problem, handle));
      if (!handle && !device) return;
      for (auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_B, CUDNN_HEUR_MODE_FALLBACK})
        if (choose(mode, handle, device)) return;
      throw DeviceError("cuDNN: no deterministic engine of the precision asked for");
    });
  }

  /// Does it, and adds to a complaint which convolution it is about.
  template <class Action>
  void named(const Action& action) const {
    try {
      action();
    } catch (const DeviceError& error) {
      throw DeviceError(text({error.what(), " in ", to_text(problem_)}));
    }
  }

  bool choose(cudnnBackendHeurMode_t mode, const CudnnHandle* handle, const CudnnDevice* device) {
    CudnnDescriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, *graph_)
        .set(CUDNN_ATTR_ENGINEHEUR_MODE, {mode});
    if (device) heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device->descriptor());
    if (!heuristics.try_finalize()) return false;
    for (CudnnDescriptor& config : heuristics.descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                                          CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)) {
      if (!allowed(config)) continue;
      CudnnDescriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
      if (handle) plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, {handle->get()});
      if (device) plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device->descriptor());
      if (!plan.try_finalize()) continue;
      const std::int64_t bytes =
          plan.values<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE).at(0);
      if (bytes > std::int64_t{1} << 30) continue;
      workspace_bytes_ = static_cast<std::size_t>(bytes);
      config_.emplace(std::move(config));
      plan_.emplace(std::move(plan));
      return true;
    }
    return false;
  }

  /// Reads the numerical notes of the configuration's engine, and keeps its name.
  bool allowed(const CudnnDescriptor& config) {
    static constexpr std::string_view names[] = {"tensor_core",
                                                 "down_convert_inputs",
                                                 "reduced_precision_reduction",
                                                 "fft",
                                                 "nondeterministic",
                                                 "winograd",
                                                 "winograd_4x4",
                                                 "winograd_6x6",
                                                 "winograd_13x13",
                                                 "strict_nan_propagation"};
    const auto engines =
        config.descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    const CudnnDescriptor& engine = engines.at(0);
    engine_ = text({"engine ", engine.values<std::int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX).at(0)});
    std::string_view separator = ": ";
    bool good = true;
    for (const cudnnBackendNumericalNote_t note :
         engine.values<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE)) {
      good = good && note != CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC &&
             note != CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS &&
             note != CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION && !transforms(note) &&
             (note != CUDNN_NUMERICAL_NOTE_TENSOR_CORE || problem_.precision == Precision::tf32);
      engine_ += text({separator, note < std::size(names) ? names[note] : "unknown note"});
      separator = ", ";
    }
    return good;
  }

  /// Of engines that multiply sums of the inputs in their place: other rounding, and a NaN spreads.
  static bool transforms(cudnnBackendNumericalNote_t note) {
    return note == CUDNN_NUMERICAL_NOTE_FFT || (note >= CUDNN_NUMERICAL_NOTE_WINOGRAD &&
                                                note <= CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13);
  }

  CudnnProblem problem_;
  std::optional<CudnnDescriptor> graph_, config_, plan_;
  std::size_t workspace_bytes_ = 0;
  std::string engine_;
};

}  // namespace tessera::cuda
#endif
