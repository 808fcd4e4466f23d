// SPDX-License-Identifier: BSD-3-Clause
// Figures of merit of restored images, values in [0, 1].
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>

#include <tessera/data/loader.hpp>
#include <tessera/network/model.hpp>
#include <tessera/training/masked_input.hpp>

namespace tessera {

/// Means over a set: mse and l1 over all pixels of the raw output, hole_mse over hole pixels alone,
/// composite_mse after the known pixels were put back (all in evaluation mode, channels counted);
/// psnr = -10 log10(mse), infinite where the error is 0; hole_share = hole pixels over pixels.
struct Metrics {
  double mse = 0, hole_mse = 0, composite_mse = 0, l1 = 0, hole_share = 0;

  double psnr() const {
    return mse > 0 ? -10 * std::log10(mse) : std::numeric_limits<double>::infinity();
  }
};

/// Sums the errors of several batches. hole [N, H, W], 1 = hole; null: no hole.
class MetricSums {
 public:
  template <class T>
  void add(View<const T> output, View<const float> truth, const std::uint8_t* hole) {
    for (std::ptrdiff_t p = 0; p < output.pixels(); ++p) {
      double square = 0, absolute = 0;
      for (int c = 0; c < output.channels; ++c) {
        const double d =
            static_cast<double>(output.pixel(p)[c]) - static_cast<double>(truth.pixel(p)[c]);
        square += d * d;
        absolute += std::abs(d);
      }
      square_ += square;
      absolute_ += absolute;
      if (hole && hole[p]) {
        hole_square_ += square;
        hole_count_ += output.channels;
      }
    }
    count_ += static_cast<double>(output.size());
  }
  Metrics means() const {
    const double hole = hole_count_ > 0 ? hole_square_ / hole_count_ : 0;
    return {square_ / count_, hole, hole_square_ / count_, absolute_ / count_,
            hole_count_ / count_};
  }

 private:
  double square_ = 0, absolute_ = 0, hole_square_ = 0, hole_count_ = 0, count_ = 0;
};

/// Metrics of a model over a data set under fixed masks (evaluation mode). `pass` and `loader` are
/// kept by the caller, so that a call allocates little; the loader must be one of
/// LoaderOptions::evaluation.
template <class Device, class T, class Data, class Masks>
Metrics evaluate(Pass<Device, T>& pass, Loader<Data, Masks>& loader, Batch& batch) {
  if (const Shape s = pass.input().shape(); loader.shape().unmasked() != s)
    throw ShapeError("evaluate: the network takes images of " + to_string(s) +
                     ", the data set has " + to_string(loader.shape()));
  MetricSums sums;
  for (loader.start_epoch(0); loader.next(batch);) {
    run_on_masked(pass, View<const float>(batch.image.view()), batch.hole.data());
    View<const T> output = pass.output();
    output.batch = batch.size;  // the last batch may be smaller
    sums.add(output, batch.images(), batch.hole.data());
  }
  return sums.means();
}

/// Metrics of a model over masked data; the mask of a sample depends on (mask_seed, sample) alone.
template <class Net, class Device, class T, class Data, class Masks>
Metrics evaluate(Model<Net, Device, T>& model, const MaskedData<Data, Masks>& data, Seed mask_seed,
                 int batch_size = 100) {
  const int size = std::min(batch_size, static_cast<int>(data.size()));
  Loader loader(data, LoaderOptions::evaluation(size, mask_seed));
  Batch batch = loader.make_batch();
  auto pass = model.pass(
      {.batch = size, .mode = Mode::evaluate, .gradients = false, .inputs = {data.shape()}});
  return evaluate(pass, loader, batch);
}

}  // namespace tessera
