// SPDX-License-Identifier: BSD-3-Clause
// The networks that the programs know by name, as a file's metadata `tessera.system` names them.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tessera/data/image_data.hpp>
#include <tessera/inference/inpaint_options.hpp>
#include <tessera/inference/restoration_plan.hpp>

#include "devices.hpp"

/// A trained model whose type the caller need not know. The functions are the library's of the same
/// names.
class Restorer {
 public:
  virtual ~Restorer() = default;
  virtual int channels() const = 0;
  virtual std::size_t weight_bytes() const = 0;
  virtual tessera::RestorationPlan plan_restoration(
      const tessera::Image& image, std::span<const std::uint8_t> hole,
      const tessera::InpaintOptions& options) const = 0;
  virtual tessera::Image restore_image(const tessera::Image& image,
                                       std::span<const std::uint8_t> hole,
                                       const tessera::InpaintOptions& options) = 0;
  virtual tessera::Tensor<float> raw_output(tessera::View<const float> images,
                                            tessera::HoleView hole,
                                            const tessera::InpaintOptions& options) = 0;
};

/// A restorer and the name of its system.
struct OpenedModel {
  std::string system;
  std::unique_ptr<Restorer> restorer;
};

/// The names of all systems.
std::vector<std::string> known_systems();

/// Reads a weight file. The system is the one that the file names; `system` says it for a file that
/// names none, and may be empty else. Errors: FileError if the file cannot be read or is of another
/// system, ArgumentError if no system is named or it is not known.
OpenedModel open_model(const std::filesystem::path& path, const std::string& system,
                       const DeviceOptions& on);
