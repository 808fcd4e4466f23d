// SPDX-License-Identifier: BSD-3-Clause
// Work of a GPU as a graph.
#pragma once
#include <optional>

#include <tessera/cuda/context.hpp>
#include <tessera/tensor/repeated.hpp>

namespace tessera::inline TESSERA_ABI {

/// The first call runs the work as it is: kernels are compiled, memory that grows on demand grows.
/// The second records it as a CUDA graph and launches that; the others launch it. The work may run
/// on the host more often than on the GPU, so it must not count.
template <>
class Repeated<Cuda> {
 public:
  template <class Work>
  void operator()(const Context<Cuda>& context, const Work& work) {
    cuda::Engine& engine = context.engine();
    if (!warm_) {
      engine.prepare(work);
      work();
      warm_ = true;
      return;
    }
    if (!graph_) graph_.emplace(engine.stream(), work);
    graph_->launch(engine.stream());
  }
  void reset() {
    warm_ = false;
    graph_.reset();
  }

 private:
  bool warm_ = false;
  std::optional<cuda::runtime::Graph> graph_;
};

}  // namespace tessera
