// SPDX-License-Identifier: BSD-3-Clause
// Figures of merit of restored images, values in [0, 1].
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

#include <tessera/data/loader.hpp>
#include <tessera/inference/masked_input.hpp>
#include <tessera/network/model.hpp>
#include <tessera/tensor/check_holes.hpp>
#include <tessera/training/ssim.hpp>

namespace tessera {

namespace detail {

inline double psnr(double mse) {
  return mse == 0 ? std::numeric_limits<double>::infinity() : -10 * std::log10(mse);
}
inline constexpr double no_value = std::numeric_limits<double>::quiet_NaN();  // null in JSON

}  // namespace detail

/// Means over a set, channels counted: mse and l1 over all pixels of the raw output, hole_… over
/// hole pixels alone, composite_… after the known pixels were put back (all in evaluation mode).
/// psnr = -10 log10(mse) of the set's mse, infinite where the error is 0; hole_share = hole pixels
/// over pixels. The SSIMs are means of ssim_map's values, hole_ssim of those at hole pixels of the
/// raw output; NaN unless add_ssim was called. A mean over no pixel is NaN: all hole_… figures of a
/// set without holes.
struct Metrics {
  double mse = 0, hole_mse = detail::no_value, composite_mse = 0, l1 = 0, hole_share = 0;
  double hole_l1 = detail::no_value, composite_l1 = 0;
  double ssim = detail::no_value, hole_ssim = detail::no_value, composite_ssim = detail::no_value;

  double psnr() const { return detail::psnr(mse); }
  double hole_psnr() const { return detail::psnr(hole_mse); }
  double composite_psnr() const { return detail::psnr(composite_mse); }
  double rmse() const { return std::sqrt(mse); }
  double hole_rmse() const { return std::sqrt(hole_mse); }
  double composite_rmse() const { return std::sqrt(composite_mse); }
};

/// Sums the errors of several batches. hole [N, H, W], may be empty. Errors: ShapeError if
/// the holes are of another size.
class MetricSums {
 public:
  template <class T>
  void add(View<const T> output, View<const float> truth, HoleView hole) {
    detail::check_holes("metrics", hole, output.batch, output.shape());
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
      if (hole.missing(p)) {
        hole_square_ += square;
        hole_absolute_ += absolute;
        hole_count_ += output.channels;
      }
    }
    count_ += static_cast<double>(output.size());
  }

  /// The SSIMs of the same images: costs far more than the rest. Errors: those of ssim_map.
  template <class T>
  void add_ssim(const Context<Cpu>& context, View<const T> output, View<const float> truth,
                HoleView hole) {
    detail::check_holes("metrics", hole, output.batch, output.shape());
    Tensor<float> composite(output.batch, output.shape());
    for (std::ptrdiff_t p = 0; p < output.pixels(); ++p)
      for (int c = 0; c < output.channels; ++c)
        composite.view().pixel(p)[c] =
            hole.missing(p) ? static_cast<float>(output.pixel(p)[c]) : truth.pixel(p)[c];
    const Tensor<double> raw = ssim_map(context, output, truth);
    const Tensor<double> put_back = ssim_map(context, std::as_const(composite).view(), truth);
    const View<const double> map = raw.view();
    for (int n = 0; n < map.batch; ++n)
      for (int y = 0; y < map.height; ++y)
        for (int x = 0; x < map.width; ++x) {
          const double value = *map.pixel(n, y, x);
          ssim_ += value;
          composite_ssim_ += *put_back.view().pixel(n, y, x);
          const std::ptrdiff_t p =
              (std::ptrdiff_t{n} * output.height + y + ssim_border) * output.width + x +
              ssim_border;
          if (!hole.missing(p)) continue;
          hole_ssim_ += value;
          ++hole_ssim_count_;
        }
    ssim_count_ += static_cast<double>(map.pixels());
  }

  MetricSums& operator+=(const MetricSums& other) {
    square_ += other.square_;
    absolute_ += other.absolute_;
    hole_square_ += other.hole_square_;
    hole_absolute_ += other.hole_absolute_;
    hole_count_ += other.hole_count_;
    count_ += other.count_;
    ssim_ += other.ssim_;
    hole_ssim_ += other.hole_ssim_;
    composite_ssim_ += other.composite_ssim_;
    ssim_count_ += other.ssim_count_;
    hole_ssim_count_ += other.hole_ssim_count_;
    return *this;
  }

  Metrics means() const {
    const auto mean = [](double sum, double count) {
      return count > 0 ? sum / count : detail::no_value;
    };
    Metrics m;
    m.mse = mean(square_, count_);
    m.hole_mse = mean(hole_square_, hole_count_);
    m.composite_mse = mean(hole_square_, count_);
    m.l1 = mean(absolute_, count_);
    m.hole_share = mean(hole_count_, count_);
    m.hole_l1 = mean(hole_absolute_, hole_count_);
    m.composite_l1 = mean(hole_absolute_, count_);
    m.ssim = mean(ssim_, ssim_count_);
    m.hole_ssim = mean(hole_ssim_, hole_ssim_count_);
    m.composite_ssim = mean(composite_ssim_, ssim_count_);
    return m;
  }

 private:
  double square_ = 0, absolute_ = 0, hole_square_ = 0, hole_absolute_ = 0, hole_count_ = 0,
         count_ = 0;
  double ssim_ = 0, hole_ssim_ = 0, composite_ssim_ = 0, ssim_count_ = 0, hole_ssim_count_ = 0;
};

/// Metrics of a model over a data set under fixed masks (evaluation mode). `pass` and `loader` are
/// kept by the caller, so that a call allocates little; the loader, of any kind, must be one of
/// LoaderOptions::evaluation. `on_batch(done)` is told how many images are done.
template <class Device, class T, class AnyLoader>
requires requires(AnyLoader& loader, Batch& batch) { loader.next(batch); }
Metrics evaluate(Pass<Device, T>& pass, AnyLoader& loader, Batch& batch,
                 const std::function<void(std::size_t done)>& on_batch = {}) {
  if (const Shape s = pass.input().shape(); loader.shape().unmasked() != s)
    throw ShapeError("evaluate: the network takes images of " + to_string(s) +
                     ", the data set has " + to_string(loader.shape()));
  MetricSums sums;
  std::size_t done = 0;
  for (loader.start_epoch(0); loader.next(batch);) {
    run_on_masked(pass, batch.all_images(), batch.all_holes());
    const HostView copy(pass.context(), pass.output());
    View<const T> output = copy;
    output.batch = batch.size;  // the last batch may be smaller
    sums.add(output, batch.images(), batch.holes());
    done += static_cast<std::size_t>(batch.size);
    if (on_batch) on_batch(done);
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
