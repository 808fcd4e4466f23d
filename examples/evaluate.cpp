// SPDX-License-Identifier: BSD-3-Clause
// Measures a trained model on CIFAR-10's test images or a folder of images of any size, under
// masks that a seed fixes; prints one JSON object.
//   evaluate runs/net2/model.safetensors --data data/cifar10 --limit 1000
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

#include <tessera/data/cifar10.hpp>
#include <tessera/data/mask_files.hpp>
#include <tessera/data/numpy_masks.hpp>
#include <tessera/data/rectangle_masks.hpp>
#include <tessera/data/stroke_masks.hpp>
#include <tessera/io/json.hpp>
#include <tessera/io/status_line.hpp>
#include <tessera/training/hole_buckets.hpp>

#include "support/command_line.hpp"
#include "support/mask_arguments.hpp"
#include "support/systems.hpp"

namespace ts = tessera;

namespace {

/// Draws the hole of image `index`, `[1, height, width]`.
using DrawHole = std::function<void(std::size_t index, ts::MutableHoleView hole)>;

template <class Masks>
DrawHole draw_from(const Masks& masks, std::uint64_t seed) {
  return [=](std::size_t index, ts::MutableHoleView hole) {
    ts::RandomStream random(ts::Seed{seed}, index);
    masks.draw(random, hole);
  };
}

/// One of the masks that have the image's size: a mask is never stretched.
DrawHole draw_from_folder(const ts::MaskFolder& masks, const std::string& folder,
                          std::uint64_t seed) {
  return [=](std::size_t index, ts::MutableHoleView hole) {
    std::vector<std::size_t> fitting;
    for (std::size_t i = 0; i < masks.size(); ++i)
      if (masks[i].height == hole.height && masks[i].width == hole.width) fitting.push_back(i);
    if (fitting.empty())
      throw ts::ShapeError(folder + ": no mask has the " + std::to_string(hole.width) + "x" +
                           std::to_string(hole.height) + " pixels of image " +
                           std::to_string(index + 1) + "; the first mask has " +
                           std::to_string(masks[0].width) + "x" + std::to_string(masks[0].height));
    ts::RandomStream random(ts::Seed{seed}, index);
    const ts::HoleMask& mask = masks[fitting[static_cast<std::size_t>(
        random.integer(0, static_cast<int>(fitting.size())))]];
    std::copy(mask.hole.begin(), mask.hole.end(), hole.data);
  };
}

/// Lines over CIFAR-10 are those that NumPy draws in the PyTorch recipe, as in the trainers.
DrawHole choose_masks(const std::string& kind, std::uint64_t seed, std::size_t cifar_images) {
  if (kind == "rectangles") return draw_from(ts::RectangleMasks{}, seed);
  if (kind == "strokes") return draw_from(ts::StrokeMasks{}, seed);
  if (cifar_images == 0) return draw_from(ts::LineMasks{}, seed);
  return [masks = ts::numpy_line_masks(seed, cifar_images)](
             std::size_t index, ts::MutableHoleView hole) { masks.draw(index, hole); };
}

void add_figures(ts::JsonLine& line, const std::string& prefix, const std::string& whole,
                 const ts::Metrics& m) {
  line.add(prefix + whole + "mse", m.mse).add(prefix + whole + "rmse", m.rmse());
  line.add(prefix + "l1", m.l1).add(prefix + whole + "psnr", m.psnr());
  line.add(prefix + whole + "ssim", m.ssim);
  line.add(prefix + "hole_mse", m.hole_mse).add(prefix + "hole_rmse", m.hole_rmse());
  line.add(prefix + "hole_l1", m.hole_l1).add(prefix + "hole_psnr", m.hole_psnr());
  line.add(prefix + "hole_ssim", m.hole_ssim);
  line.add(prefix + "composite_mse", m.composite_mse);
  line.add(prefix + "composite_rmse", m.composite_rmse());
  line.add(prefix + "composite_l1", m.composite_l1);
  line.add(prefix + "composite_psnr", m.composite_psnr());
  line.add(prefix + "composite_ssim", m.composite_ssim);
}

}  // namespace

int main(int argc, char** argv) {
  std::string model_path, data, system, kind, masks;
  DeviceOptions on;
  std::int64_t limit = 1000, seed = 12345, memory_limit = 2048, threads = 0;
  MaskArguments mask_arguments;
  std::vector<Argument> arguments{
      {"model", &model_path, "weights of a trained model, a safetensors file"},
      {"--data", &data, "folder of CIFAR-10's binary version, or of images", true},
      {"--mask",
       &kind,
       "kind of holes: lines unless told otherwise",
       false,
       {"lines", "rectangles", "strokes"}},
      {.name = "--masks",
       .value = &masks,
       .text = "folder of mask images of the images' sizes instead, white = hole; drawn at random",
       .excludes = "--mask"},
      {"--seed", &seed, "of the masks"},
      {"--limit", &limit, "the first so many images; 0: all of them"},
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
  return run_with_arguments("Measures a model", arguments, argc, argv, [&] {
    on.threads = static_cast<int>(threads);
    if (kind.empty()) kind = "lines";
    const auto start = std::chrono::steady_clock::now();
    const OpenedModel model = open_model(model_path, system, on);
    const std::size_t bytes = static_cast<std::size_t>(memory_limit) << 20;
    const bool cifar = std::filesystem::exists(std::filesystem::path(data) / "test_batch.bin");
    const ts::ImageSet set = cifar ? ts::Cifar10(data).test() : ts::ImageSet{};
    const ts::ImageFiles files = cifar ? ts::ImageFiles{} : ts::find_image_files(data);
    std::size_t count = cifar ? set.size() : files.names.size();
    if (count == 0) throw ts::FileError(data + ": neither CIFAR-10's test_batch.bin nor images");
    if (limit > 0) count = std::min(count, static_cast<std::size_t>(limit));
    ts::StatusLine status(on.quiet ? nullptr : stderr);
    const auto mask_seed = static_cast<std::uint64_t>(seed);
    DrawHole draw;
    std::string warning;
    if (masks.empty()) {
      draw = choose_masks(kind, mask_seed, cifar ? count : 0);
    } else {
      const ts::FolderOptions reading{.on_file = [&](std::size_t done, std::size_t all) {
        status.show_count("reading masks", done, all);
      }};
      const ts::MaskFolder folder(masks, reading, mask_arguments.options());
      draw = draw_from_folder(folder, masks, mask_seed);
      warning = folder.warning();
    }

    ts::BucketSums sums;
    const std::size_t batch = cifar ? 100 : 1;
    for (std::size_t first = 0; first < count; first += batch) {
      const auto images = static_cast<int>(std::min(batch, count - first));
      ts::Tensor<float> truth;
      if (cifar) {
        truth = ts::Tensor<float>(images, set.shape());
        for (int i = 0; i < images; ++i)
          set.read(first + static_cast<std::size_t>(i),
                   ts::make_view(truth.data() + i * set.shape().size(), 1, set.shape()));
      } else {
        truth = ts::to_tensor(ts::read_image(files.folder / files.names[first]),
                              model.restorer->channels());
      }
      const ts::Shape s = truth.shape();
      ts::Buffer<std::uint8_t> hole(static_cast<std::size_t>(images * s.pixels()));
      const ts::MutableHoleView drawn = ts::make_hole_view(hole.data(), images, s);
      for (int i = 0; i < images; ++i) draw(first + static_cast<std::size_t>(i), drawn.image(i));
      const ts::View<const float> view = std::as_const(truth).view();
      const ts::Tensor<float> output =
          model.restorer->raw_output(view, drawn, {.memory_limit = bytes});
      const bool ssim = s.height >= ts::ssim_window && s.width >= ts::ssim_window;
      sums.add(on.cpu(), output.view(), view, drawn, ssim);
      status.show_count("evaluate", first + static_cast<std::size_t>(images), count);
    }
    status.clear();
    if (!warning.empty())
      std::fprintf(stderr, "evaluate: warning: %s: %s\n", masks.c_str(), warning.c_str());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

    const ts::Metrics all = sums.all().means();
    ts::JsonLine line;
    line.add("system", model.system).add("images", count);
    line.add("masks", masks.empty() ? kind : masks).add("seed", seed);
    line.add("hole_share", all.hole_share);
    add_figures(line, "", "test_", all);
    for (int k = 0; k < ts::BucketSums::buckets; ++k) {
      if (sums.images(k) == 0) continue;
      const std::string prefix =
          "holes_" + std::to_string(10 * k) + "_" + std::to_string(10 * (k + 1)) + "_";
      line.add(prefix + "images", sums.images(k));
      add_figures(line, prefix, "", sums.bucket(k).means());
    }
    line.add("seconds", seconds.count());
    std::printf("%s\n", line.str().c_str());
  });
}
