// SPDX-License-Identifier: BSD-3-Clause
// A documented system at work on one fixed batch, whatever the types of its networks: what the
// benchmark times and the test of all systems trains. One compiled object each, and another one for
// a second device: TESSERA_SYSTEMS_DEVICE is Cpu or Cuda.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tessera/tensor/tensor.hpp>

namespace systems {

/// Images [N, H, W, 3] in [0, 1] and their holes [N, H, W], 1 = missing.
struct Pictures {
  tessera::Tensor<float> images;
  std::vector<std::uint8_t> hole;
};

/// How a system is to work.
struct Request {
  int threads = 1;                   // of the CPU
  double learning_rate = 2e-4;       // of every network
  std::string products = "float32";  // of a GPU: or "tf32", "bf16"
};

/// Named losses of one step, unweighted.
using Terms = std::vector<std::pair<std::string, double>>;

class System {
 public:
  virtual ~System() = default;
  /// One training step of every network of the system on its pictures.
  virtual void step() = 0;
  /// The losses of the last step: the generator's (or the only network's) reconstruction first.
  virtual Terms terms() = 0;
  /// One forward of the generator in evaluation mode.
  virtual void infer() = 0;
  /// The generator's output there.
  virtual std::vector<float> output() = 0;
  /// Until the device has done all that.
  virtual void wait() = 0;
};

/// Whether networks have their documented width, or one that a test has time for.
inline constexpr bool full_width = TESSERA_FULL_WIDTH;

/// A system as the registry knows it.
struct Entry {
  const char* name;
  int size;  // of its images, height and width
  std::unique_ptr<System> (*make)(const Request&, const Pictures&);
  int test_batch;             // with this batch,
  double test_learning_rate;  // this rate halves the reconstruction loss within 20 steps
};

/// All systems on a device, in the specification's order.
namespace Cpu {
const std::vector<const Entry*>& all();
}
namespace Cuda {
const std::vector<const Entry*>& all();
}

/// The system of this name, or null.
inline const Entry* find(const std::vector<const Entry*>& systems, const std::string& name) {
  for (const Entry* entry : systems)
    if (name == entry->name) return entry;
  return nullptr;
}

}  // namespace systems
