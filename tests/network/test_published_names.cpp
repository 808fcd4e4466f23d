// SPDX-License-Identifier: BSD-3-Clause
// Weights as others publish them, by files made here with their names: every tensor arrives, scaled
// where it must be, and what does not belong is left alone or reported.
#include <doctest/doctest.h>

#include <functional>
#include <map>

#include <tessera/models/alexnet_features.hpp>
#include <tessera/models/pconv_unet.hpp>
#include <tessera/models/pix2pix.hpp>
#include <tessera/models/vgg16_features.hpp>
#include <tessera/network/published_names.hpp>

#include "../temporary_folder.hpp"

using namespace tessera;
using testing::TemporaryFolder;

namespace {

using Name = std::function<std::string(const std::string&)>;

/// Writes a model's weights under other names, and these tensors of one number besides.
template <class M>
void write(const M& model, const std::filesystem::path& path, const Name& name,
           const std::vector<std::string>& besides = {}) {
  SafetensorsWriter writer;
  std::vector<std::vector<float>> values;
  std::vector<std::int64_t> counters;
  const auto tensors = model.tensors();
  values.reserve(tensors.size());
  counters.reserve(tensors.size());
  for (const auto& t : tensors) {
    if (t.role == Role::counter) {
      counters.push_back(7);
      writer.add(name(t.name), {}, std::span<const std::int64_t>(&counters.back(), 1));
      continue;
    }
    values.push_back(model.get(t.name));
    writer.add(name(t.name), detail::file_shape(t.dims), std::span<const float>(values.back()));
  }
  const float one = 1;
  for (const std::string& other : besides) writer.add(other, {1}, std::span(&one, 1));
  writer.save(path);
}
template <class M>
void check_equal(const M& a, const M& b, double (*factor)(const NamedTensor&) = nullptr) {
  for (const auto& t : a.tensors()) {
    CAPTURE(t.name);
    auto expected = a.get(t.name);
    if (t.role == Role::counter) expected = {7};
    else if (factor)
      for (float& v : expected) v = static_cast<float>(factor(t) * static_cast<double>(v));
    CHECK(expected == b.get(t.name));
  }
}

/// "down3.bn.weight" -> {"down", 3, "bn.weight"}.
struct Parts {
  std::string block;
  int level;
  std::string rest;
};
Parts parts(const std::string& name) {
  const std::size_t digit = name.find_first_of("0123456789"), dot = name.find('.');
  return {name.substr(0, digit), std::stoi(name.substr(digit, dot - digit)), name.substr(dot + 1)};
}

/// The specification's rule: level i in 2..7 lies under P_i = model.model.1.model followed by i - 2
/// times .3.model; conv P.1, norm P.2, up conv P.5, up norm P.6; level 8 conv P.1, up P.3 and P.4.
std::string pix2pix_name(const std::string& name) {
  const auto [block, level, rest] = parts(name);
  const bool norm = rest.starts_with("bn."), down = block == "down";
  const std::string tail = rest.substr(rest.find('.'));
  if (level == 1) return std::string("model.model.") + (down ? "0" : "3") + tail;
  std::string path = "model.model.1.model";
  for (int i = 2; i < level; ++i) path += ".3.model";
  const char* const index = level == 8 ? (down   ? ".1"
                                          : norm ? ".4"
                                                 : ".3")
                            : down     ? (norm ? ".2" : ".1")
                                       : (norm ? ".6" : ".5");
  return path + index + tail;
}

}  // namespace

TEST_CASE("pix2pix: the generator's nested names and the discriminator's") {
  const TemporaryFolder folder;
  CHECK(pix2pix_name("up5.bn.running_var") ==
        "model.model.1.model.3.model.3.model.3.model.6.running_var");
  using G = models::BasicPix2PixGenerator<1>;
  Model<G> published(Seed{1}), loaded(Seed{2});
  write(published, folder / "g.safetensors", pix2pix_name);
  const LoadReport report = loaded.load(folder / "g.safetensors", pix2pix_generator_names());
  CHECK(report.loaded.size() == published.tensors().size());
  check_equal(published, loaded);

  using D = models::BasicPix2PixDiscriminator<2>;
  Model<D> critic(Seed{1}), copy(Seed{2});
  const std::map<std::string, std::string> names{
      {"conv1.conv", "model.0"}, {"conv2.conv", "model.2"}, {"conv2.bn", "model.3"},
      {"conv3.conv", "model.5"}, {"conv3.bn", "model.6"},   {"conv4.conv", "model.8"},
      {"conv4.bn", "model.9"},   {"out.conv", "model.11"}};
  write(critic, folder / "d.safetensors", [&](const std::string& name) {
    const std::size_t dot = name.rfind('.');
    return names.at(name.substr(0, dot)) + name.substr(dot);
  });
  copy.load(folder / "d.safetensors", pix2pix_discriminator_names());
  check_equal(critic, copy);
}

TEST_CASE("naoto0804: weights divided by K K C, biases and norms as they are, masks left alone") {
  const TemporaryFolder folder;
  using Net = models::BasicPConvUNet<2>;
  Model<Net> published(Seed{1}), loaded(Seed{2});
  const Name name = [](const std::string& ours) {
    const auto [block, level, rest] = parts(ours);
    const std::string path = block + "_" + std::to_string(level);
    return rest.starts_with("conv.") ? path + ".conv.conv2d" + rest.substr(4) : path + "." + rest;
  };
  CHECK(name("enc3.conv.weight") == "enc_3.conv.conv2d.weight");
  CHECK(name("dec1.conv.bias") == "dec_1.conv.conv2d.bias");
  write(published, folder / "n.safetensors", name,
        {"enc_1.conv.mask2d.weight", "enc_1.conv.mask2d.bias"});
  const LoadReport report = loaded.load(folder / "n.safetensors", naoto0804_pconv_unet_names(8));
  CHECK(report.loaded.size() == published.tensors().size());
  CHECK(report.unexpected.empty());
  check_equal(published, loaded, [](const NamedTensor& t) {
    if (t.name == "enc1.conv.weight") return 1.0 / (7 * 7 * 3);
    if (t.name == "enc2.conv.weight") return 1.0 / (5 * 5 * 2);
    if (t.name == "enc3.conv.weight") return 1.0 / (5 * 5 * 4);
    return t.name.ends_with("conv.weight") ? 1.0 / (3 * 3 * t.dims.size[1]) : 1.0;
  });
}

TEST_CASE("naoto0804, later code: other names of the convolutions, no bias but the last one's") {
  const TemporaryFolder folder;
  using Net = models::BasicPConvUNet<1>;
  const Model<Net> published(Seed{1});
  Model<Net> loaded(Seed{2});
  SafetensorsWriter writer;
  std::vector<std::vector<float>> values;
  values.reserve(published.tensors().size());
  const std::int64_t count = 7;
  for (const auto& t : published.tensors()) {
    const auto [block, level, rest] = parts(t.name);
    if (rest == "conv.bias" && t.name != "dec1.conv.bias") continue;
    const std::string name =
        block + "_" + std::to_string(level) + "." +
        (rest.starts_with("conv.") ? "conv.input_conv" + rest.substr(4) : rest);
    if (t.role == Role::counter) {
      writer.add(name, {}, std::span(&count, 1));
      continue;
    }
    values.push_back(published.get(t.name));
    writer.add(name, detail::file_shape(t.dims), std::span<const float>(values.back()));
  }
  const float one = 1;
  writer.add("enc_1.conv.mask_conv.weight", {1}, std::span(&one, 1));
  writer.save(folder / "n.safetensors");
  LoadOptions options = naoto0804_pconv_unet_names(8, "input_conv");
  options.strict = false;
  const LoadReport report = loaded.load(folder / "n.safetensors", options);
  CHECK(report.unexpected.empty());
  CHECK(report.misshaped.empty());
  CHECK(report.missing.size() == 15);  // 8 encoders, 7 decoders
  for (const std::string& name : report.missing) {
    CHECK(name.ends_with(".conv.bias"));
    CHECK(loaded.get(name) == std::vector<float>(loaded.get(name).size(), 0.0f));
  }
  CHECK(loaded.get("dec1.conv.bias") == published.get("dec1.conv.bias"));
  const float first = published.get("enc3.conv.weight")[0];
  CHECK(loaded.get("enc3.conv.weight")[0] ==
        static_cast<float>(static_cast<double>(first) / (5 * 5 * 2)));
}

TEST_CASE("torchvision: features load, the classifier and deeper features are left alone") {
  const TemporaryFolder folder;
  const Name same = [](const std::string& name) { return name; };
  Model<models::Vgg16FeatureNet<64, 64>> vgg(Seed{1}), vgg_loaded(Seed{2});
  write(vgg, folder / "vgg.safetensors", same, {"features.17.weight", "classifier.0.weight"});
  vgg_loaded.load(folder / "vgg.safetensors", torchvision_features());
  check_equal(vgg, vgg_loaded);

  Model<models::AlexNetFeatureNet<64, 64>> alexnet(Seed{1});
  write(alexnet, folder / "alexnet.safetensors", same, {"classifier.6.bias"});
  Model<Network<Input<64, 64, 3>, Named<"features", models::AlexNetFeatures>,
                Named<"head", Conv2d<256, 2, kernel(1)>>>>
      tuned(Seed{2});
  const auto head = tuned.get("head.weight");
  const LoadReport report = tuned.load(folder / "alexnet.safetensors", torchvision_features());
  CHECK(report.loaded.size() == 10);
  CHECK(report.missing.empty());
  CHECK(tuned.get("features.10.weight") == alexnet.get("features.10.weight"));
  CHECK(tuned.get("head.weight") == head);
}

TEST_CASE("a part that is not there, and a tensor the file lacks, are errors") {
  const TemporaryFolder folder;
  Model<models::Vgg16FeatureNet<64, 64>> vgg;
  write(vgg, folder / "vgg.safetensors", [](const std::string& name) {
    return name == "features.5.bias" ? "features.99.bias" : name;
  });
  CHECK_THROWS_WITH_AS(vgg.load(folder / "vgg.safetensors", torchvision_features()),
                       doctest::Contains("1 missing (features.5.bias)"), FileError);
  LoadOptions options;
  options.part = "feature";
  CHECK_THROWS_WITH_AS(vgg.load(folder / "vgg.safetensors", options),
                       "load: no tensor of the model has the name or prefix \"feature\"",
                       ArgumentError);
}

TEST_CASE("an encoder moves from one network to another by its part") {
  const TemporaryFolder folder;
  struct Encoder : Sequential<Conv2d<3, 4, kernel(3).same()>, ReLU> {};
  using One =
      Network<Input<8, 8, 3>, Named<"encoder", Encoder>, Named<"head", Conv2d<4, 3, kernel(1)>>>;
  using Other =
      Network<Input<8, 8, 3>, Named<"encoder", Encoder>, Named<"tail", Conv2d<4, 5, kernel(3)>>>;
  Model<One> one(Seed{1});
  Model<Other> other(Seed{2});
  const auto tail = other.get("tail.weight");
  one.save(folder / "one.safetensors");
  const LoadReport report = other.load(folder / "one.safetensors", LoadOptions{.part = "encoder"});
  CHECK(report.loaded.size() == 2);
  CHECK(report.unexpected.empty());
  CHECK(other.get("encoder.0.weight") == one.get("encoder.0.weight"));
  CHECK(other.get("tail.weight") == tail);

  // What the file has within the part is still expected to be the model's.
  write(one, folder / "more.safetensors", [](const std::string& name) { return name; },
        {"encoder.7.weight"});
  CHECK_THROWS_WITH_AS(other.load(folder / "more.safetensors", LoadOptions{.part = "encoder"}),
                       doctest::Contains("1 unexpected (encoder.7.weight)"), FileError);
  const Name renamed = [](const std::string& name) {
    return "net.old" + name.substr(name.find('.'));
  };
  write(one, folder / "old.safetensors",
        [&](const std::string& name) { return name.starts_with("encoder") ? renamed(name) : name; },
        {"net.old.9.bias"});
  const LoadOptions options{.prefix = "net.", .rename = {{"encoder", "old"}}, .part = "encoder"};
  CHECK_THROWS_WITH_AS(other.load(folder / "old.safetensors", options),
                       doctest::Contains("1 unexpected (net.old.9.bias)"), FileError);
}
