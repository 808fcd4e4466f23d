// SPDX-License-Identifier: BSD-3-Clause
// Restores an image of any size with a trained model: white pixels of the mask are filled, all
// others come back as they were.
//   inpaint runs/net2/model.safetensors photograph.jpg mask.png -o restored.png
#include <chrono>
#include <cstdio>

#include <tessera/data/image_writer.hpp>
#include <tessera/data/mask_files.hpp>
#include <tessera/io/json.hpp>
#include <tessera/io/status_line.hpp>

#include "support/command_line.hpp"
#include "support/mask_arguments.hpp"
#include "support/systems.hpp"

namespace ts = tessera;

namespace {

/// Whether the known pixels of what was written are the image's, sample by sample. A file may hold
/// grey as three equal channels.
bool known_pixels_identical(const ts::Image& image, const ts::HoleMask& mask,
                            const std::filesystem::path& written) {
  const ts::Image result = ts::read_image(written);
  const bool widened = image.channels == 1 && result.channels == 3;
  if (result.height != image.height || result.width != image.width || result.depth != image.depth ||
      (result.channels != image.channels && !widened))
    return false;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      for (int c = 0; c < result.channels; ++c)
        if (!mask.hole[static_cast<std::size_t>(std::ptrdiff_t{y} * image.width + x)] &&
            result.pixel(y, x)[c] != image.pixel(y, x)[widened ? 0 : c])
          return false;
  return true;
}

std::string size_text(int height, int width) {
  return std::to_string(width) + "x" + std::to_string(height);
}

}  // namespace

int main(int argc, char** argv) {
  std::string model_path, image_path, mask_path, out, system;
  DeviceOptions on;
  std::int64_t memory_limit = 2048, threads = 0;
  MaskArguments mask_arguments;
  std::vector<Argument> arguments{
      {"model", &model_path, "weights of a trained model, a safetensors file"},
      {"image", &image_path, "JPEG, PNG or BMP"},
      {"mask", &mask_path, "image of the same size: white is filled, alpha plays no part"},
      {"-o,--out", &out, "restored image, .png or .bmp", true},
      {"--system", &system, "network, for a model file that does not name it", false,
       known_systems()},
      {"--memory-limit",
       &memory_limit,
       "MiB; larger images are worked on in tiles",
       false,
       {},
       1,
       most_mebibytes},
      {"--device", &on.device, device_texts[0], false, {"cpu", "cuda", "auto"}},
      {"--products", &on.products, device_texts[1], false, product_names},
      {"--convolutions", &on.convolutions, device_texts[2], false, convolution_names},
      {"--threads", &threads, "0: one for each core", false, {}, 0, most_threads},
      {"--quiet", &on.quiet, "show nothing but the result and errors"}};
  mask_arguments.add_to(arguments);
  return run_with_arguments("Fills the holes of an image", arguments, argc, argv, [&] {
    on.threads = static_cast<int>(threads);
    const ts::Image image = ts::read_image(image_path);
    ts::image_file_format(out, image);  // refuses a name before the work, not after it, and
    ts::check_writable(out);            // a place
    const ts::HoleMask mask = ts::read_hole(mask_path, mask_arguments.options());
    if (mask.height != image.height || mask.width != image.width)
      throw ts::ShapeError(mask_path + ": expected a mask of " +
                           size_text(image.height, image.width) + " pixels, as the image, got " +
                           size_text(mask.height, mask.width) + ts::turned_text(image, mask));
    const OpenedModel model = open_model(model_path, system, on);
    ts::StatusLine status(on.quiet ? nullptr : stderr);
    const ts::InpaintOptions options{.memory_limit = static_cast<std::size_t>(memory_limit) << 20,
                                     .on_pass = [&](const ts::InpaintReport& report) {
                                       status.show_count(
                                           "inpaint", static_cast<std::size_t>(report.tiles),
                                           static_cast<std::size_t>(report.all_tiles));
                                     }};
    const ts::RestorationPlan plan =
        model.restorer->plan_restoration(image, mask.hole.span(), options);
    if (!mask.warning.empty())
      std::fprintf(stderr, "inpaint: warning: %s: %s\n", mask_path.c_str(), mask.warning.c_str());

    const auto start = std::chrono::steady_clock::now();
    const ts::Image restored = model.restorer->restore_image(image, mask.hole.span(), options);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    status.clear();
    ts::write_image(out, restored);

    ts::JsonLine line;
    line.add("system", model.system).add("out", out);
    line.add("width", image.width).add("height", image.height);
    line.add("channels", image.channels).add("depth", image.depth);
    line.add("hole_share", ts::hole_ratio(mask.hole.span()));
    line.add("seconds", seconds.count()).add("tiles", plan.tiles());
    line.add("tile_width", plan.largest().width).add("tile_height", plan.largest().height);
    line.add("memory_mib",  // what the plan says; the program itself comes on top
             static_cast<double>(plan.bytes + model.restorer->weight_bytes()) / (1 << 20));
    line.add("known_pixels_identical", known_pixels_identical(image, mask, out));
    std::printf("%s\n", line.str().c_str());
  });
}
