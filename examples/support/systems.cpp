// SPDX-License-Identifier: BSD-3-Clause
// A file of its own, so that the networks are compiled once and not with every program. A new
// system is one line of the table.
#include "systems.hpp"

#include <tessera/inference/composite.hpp>
#include <tessera/models/pconv_cifar_net1.hpp>
#include <tessera/models/pconv_cifar_net2.hpp>
#include <tessera/models/pconv_unet.hpp>
#include <tessera/network/weights.hpp>

namespace ts = tessera;

namespace {

template <class Net, class Device>
class RestorerOf : public Restorer {
 public:
  RestorerOf(const ts::SafetensorsFile& file, const ts::Context<Device>& context)
      : model_(ts::Seed{}, context) {
    ts::load_weights(model_, file);
  }
  int channels() const override { return ts::input_shape<Net>.channels; }
  std::size_t weight_bytes() const override {  // trained, their unused gradients, statistics
    const ts::Structure& s = Net::structure;
    return static_cast<std::size_t>(2 * s.trained + s.statistics) * sizeof(float);
  }
  ts::RestorationPlan plan_restoration(const ts::Image& image, std::span<const std::uint8_t> hole,
                                       const ts::InpaintOptions& options) const override {
    return ts::plan_restoration(model_, image, hole, options);
  }
  ts::Image restore_image(const ts::Image& image, std::span<const std::uint8_t> hole,
                          const ts::InpaintOptions& options) override {
    return ts::restore_image(model_, image, hole, options);
  }
  ts::Tensor<float> raw_output(ts::View<const float> images, ts::HoleView hole,
                               const ts::InpaintOptions& options) override {
    return ts::raw_output(model_, images, hole, options);
  }

 private:
  ts::Model<Net, Device> model_;
};

struct System {
  const char* name;
  std::unique_ptr<Restorer> (*open)(const ts::SafetensorsFile&, const DeviceOptions&);
};
template <class Net>
std::unique_ptr<Restorer> open(const ts::SafetensorsFile& file, const DeviceOptions& on) {
  std::unique_ptr<Restorer> restorer;
  on_device(on, [&]<class Device>(const ts::Context<Device>& context) {
    restorer = std::make_unique<RestorerOf<Net, Device>>(file, context);
  });
  return restorer;
}

constexpr System systems[] = {
    {"pconv_cifar_net1", open<ts::models::PConvCifarNet1>},
    {"pconv_cifar_net2", open<ts::models::PConvCifarNet2>},
    {"pconv_unet", open<ts::models::PConvUNet>},
};

std::string system_list() {
  std::string text;
  for (const System& system : systems)
    text += (text.empty() ? "" : ", ") + std::string(system.name);
  return text;
}

}  // namespace

std::vector<std::string> known_systems() {
  std::vector<std::string> names;
  for (const System& system : systems) names.emplace_back(system.name);
  return names;
}

OpenedModel open_model(const std::filesystem::path& path, const std::string& system,
                       const DeviceOptions& on) {
  const ts::SafetensorsFile file(path);
  ts::refuse_checkpoint(file);
  const auto named = file.metadata().find("tessera.system");
  const bool says = named != file.metadata().end();
  if (!says && system.empty())
    throw ts::ArgumentError(path.string() + ": the file does not say of which architecture it is " +
                            "(metadata tessera.system); give --system, one of " + system_list());
  if (says && !system.empty() && named->second != system)
    throw ts::FileError(path.string() + ": expected a model of " + system + ", got one of " +
                        ts::printable_name(named->second));
  const std::string& name = says ? named->second : system;
  for (const System& known : systems)
    if (known.name == name) return {name, known.open(file, on)};
  throw ts::ArgumentError(path.string() + ": the architecture \"" + ts::printable_name(name) +
                          "\" is not known; expected one of " + system_list());
}
