// SPDX-License-Identifier: BSD-3-Clause
// How to read weights that others have published: their tensor names, what their files hold
// besides, and what differs in their arithmetic.
//   generator.load("latest_net_G.safetensors", pix2pix_generator_names());
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/network/weights.hpp>

namespace tessera {

/// torchvision's AlexNet and VGG-16 for models::AlexNetFeatureNet and Vgg16FeatureNet, or a network
/// with such a block named "features": their own names; the classifier is left alone, and of VGG-16
/// what lies behind pool3.
inline LoadOptions torchvision_features() {
  return {.part = "features", .ignore = [](std::string_view name) {
            // VGG-16's pool3 is features.16; AlexNet ends before it.
            constexpr std::string_view features = "features.";
            if (!name.starts_with(features)) return false;
            int index = 0;
            for (const char c : name.substr(features.size())) {
              if (c < '0' || c > '9') break;
              index = 10 * std::min(index, 1000) + (c - '0');
            }
            return index > 16;
          }};
}

/// The generator `unet_256` of the PyTorch networks by the authors of [isola2017] for
/// models::Pix2PixGenerator: blocks nested in each other, "model.model.1.model.3.model.1".
inline LoadOptions pix2pix_generator_names() {
  constexpr int levels = 8;
  LoadOptions options;
  std::string path = "model.model";
  const auto name = [&](const std::string& block, const char* index) {
    options.rename.push_back({block, path + "." + index});
  };
  for (int i = 1; i <= levels; ++i) {
    const std::string down = "down" + std::to_string(i), up = "up" + std::to_string(i);
    const bool outermost = i == 1, innermost = i == levels;
    name(down + ".conv", outermost ? "0" : "1");
    if (!outermost && !innermost) name(down + ".bn", "2");
    name(up + ".conv", outermost || innermost ? "3" : "5");
    if (!outermost) name(up + ".bn", innermost ? "4" : "6");
    path += outermost ? ".1.model" : ".3.model";
  }
  return options;
}
/// Their discriminator for models::Pix2PixDiscriminator.
inline LoadOptions pix2pix_discriminator_names() {
  return {.rename = {{"conv1.conv", "model.0"},
                     {"conv2.conv", "model.2"},
                     {"conv2.bn", "model.3"},
                     {"conv3.conv", "model.5"},
                     {"conv3.bn", "model.6"},
                     {"conv4.conv", "model.8"},
                     {"conv4.bn", "model.9"},
                     {"out.conv", "model.11"}}};
}

/// naoto0804's partial-convolution U-Net of seven levels for models::PConvUNet7 (with 8: for
/// models::PConvUNet). Their partial convolution divides by the number of valid inputs and leaves
/// out the factor K K C of [liu2018], so each weight is divided by it; their mask weights are
/// constants and left alone. Their later code says "input_conv" for `conv`, and has no bias but
/// dec_1's: load its weights into a new model, whose biases are 0, without `strict`.
inline LoadOptions naoto0804_pconv_unet_names(int levels = 7, const std::string& conv = "conv2d") {
  LoadOptions options;
  for (const char* const part : {"enc", "dec"})
    for (int i = 1; i <= levels; ++i) {
      const std::string ours = part + std::to_string(i);
      const std::string theirs = std::string(part) + "_" + std::to_string(i);
      options.rename.push_back({ours + ".conv", theirs + ".conv." + conv});
      if (i > 1) options.rename.push_back({ours + ".bn", theirs + ".bn"});
    }
  options.ignore = [](std::string_view name) {
    return name.find(".mask2d.") != std::string_view::npos ||
           name.find(".mask_conv.") != std::string_view::npos;
  };
  options.factor = [](const NamedTensor& t) {
    const int* const d = t.dims.size;  // [O, I, K, K]
    return t.dims.rank == 4 ? 1.0 / (static_cast<double>(d[1]) * d[2] * d[3]) : 1.0;
  };
  return options;
}

}  // namespace tessera
