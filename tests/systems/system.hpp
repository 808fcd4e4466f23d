// SPDX-License-Identifier: BSD-3-Clause
// A documented system at work on one fixed batch, whatever the types of its networks: what the
// benchmark times and the test of all systems trains. One compiled object each.
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
  int threads = 1;
  double learning_rate = 2e-4;  // of every network
};

/// Named losses of one step, unweighted.
using Terms = std::vector<std::pair<std::string, double>>;

class System {
 public:
  virtual ~System() = default;
  /// One training step of every network of the system on its pictures; the generator's (or the only
  /// network's) reconstruction comes first.
  virtual Terms step() = 0;
  /// One forward of the generator in evaluation mode.
  virtual void infer() = 0;
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

/// All systems, in the specification's order.
const std::vector<const Entry*>& all();
/// The system of this name, or null.
const Entry* find(const std::string& name);

}  // namespace systems
