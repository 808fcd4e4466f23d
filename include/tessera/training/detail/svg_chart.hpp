// SPDX-License-Identifier: BSD-3-Clause
// A line chart as SVG, to stand in an HTML page: axes with round ticks, a grid, a legend.
#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/tensor/error.hpp>
#include <tessera/tensor/finite.hpp>
#include <tessera/training/detail/html_text.hpp>

namespace tessera {

/// A curve: a value for each x of the chart; values that are not finite leave a gap.
struct ChartLine {
  std::string name;
  std::vector<double> values;
};

namespace detail {

/// 1, 2 or 5 times a power of ten, such that `range` has about `count` of them.
inline double nice_step(double range, int count) {
  const double rough = range / count, power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power * (1 + 1e-9)) return factor * power;
  return 10 * power;
}

/// An axis from `low` to `high`, linear or by powers of ten, and its ticks.
struct ChartAxis {
  double low = 0, high = 1;
  bool logarithmic = false;
  std::vector<double> ticks{};

  /// 0 at `low`, 1 at `high`.
  double place(double v) const {
    if (logarithmic) return (std::log(v) - std::log(low)) / (std::log(high) - std::log(low));
    return (v - low) / (high - low);
  }
  /// Round ends and about `count` ticks. Where it may be, logarithmic if all values are positive
  /// and the largest is at least 20 times the smallest.
  static ChartAxis over(double smallest, double largest, int count, bool may_be_logarithmic) {
    ChartAxis axis;
    if (!(smallest <= largest)) smallest = 0, largest = 1;  // no value at all
    axis.logarithmic =
        may_be_logarithmic && smallest > 1e-300 && largest < 1e300 && largest / smallest >= 20;
    if (axis.logarithmic) {
      const int first = static_cast<int>(std::floor(std::log10(smallest) + 1e-3));
      const int last = static_cast<int>(std::ceil(std::log10(largest) - 1e-3));
      if (last - first <= 3) {  // 1, 2, 5 of each power, as far as they are needed
        for (int e = first; e <= last; ++e)
          for (const double factor : {1.0, 2.0, 5.0}) {
            const double tick = factor * std::pow(10.0, e);
            if (!axis.ticks.empty() && axis.ticks.back() >= largest * 0.999) break;
            if (tick <= smallest * 1.001) axis.ticks.clear();
            axis.ticks.push_back(tick);
          }
      } else {
        const int step = (last - first + 7) / 8;
        for (int e = first; e < last + step; e += step) axis.ticks.push_back(std::pow(10.0, e));
      }
      axis.low = axis.ticks.front();
      axis.high = axis.ticks.back();
      return axis;
    }
    if (largest - smallest <= 1e-9 * std::max(std::abs(largest), 1e-300)) {  // one value: around it
      const double room = largest == 0 ? 1 : std::abs(largest) * 0.5;
      smallest -= room;
      largest += room;
    }
    const double step = nice_step(largest - smallest, count);
    const double begin = std::floor(smallest / step + 1e-6), end = std::ceil(largest / step - 1e-6);
    for (double k = begin; k <= end; ++k) axis.ticks.push_back(k * step);
    axis.low = axis.ticks.front();
    axis.high = axis.ticks.back();
    return axis;
  }
};

/// A place in the drawing: pixels with one decimal.
inline std::string pixels(double value) {
  std::array<char, 32> text;
  return {text.data(),
          std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 1)
              .ptr};
}

/// name='value' for each pair.
inline std::string attributes(
    std::initializer_list<std::pair<std::string_view, std::string>> named) {
  std::string out;
  for (const auto& [name, value] : named) ((((out += ' ') += name) += "='") += value) += '\'';
  return out;
}
inline std::string svg_line(const std::string& style, double x1, double y1, double x2, double y2) {
  return "<line " + style +
         attributes(
             {{"x1", pixels(x1)}, {"y1", pixels(y1)}, {"x2", pixels(x2)}, {"y2", pixels(y2)}}) +
         "/>\n";
}
/// `anchor` is the end of the text that stands at x: start, middle or end.
inline std::string svg_text(double x, double y, const std::string& anchor, std::string_view text) {
  return "<text" + attributes({{"x", pixels(x)}, {"y", pixels(y)}, {"text-anchor", anchor}}) + ">" +
         html_text(text) + "</text>\n";
}

}  // namespace detail

/// The chart of some lines over the whole numbers `x` (ascending, such as epochs).
/// Errors: ArgumentError if a line has another number of values than `x`
inline std::string svg_chart(const std::string& title, const std::string& x_name,
                             std::span<const double> x, const std::vector<ChartLine>& lines,
                             bool may_be_logarithmic = true) {
  using detail::pixels;
  constexpr int width = 720, left = 64, right = 16, plot_height = 230, legend_row = 20;
  constexpr std::array colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                               "#e69f00", "#56b4e9", "#7f7f7f", "#000000"};
  double smallest = std::numeric_limits<double>::infinity(), largest = -smallest;
  for (const ChartLine& line : lines) {
    if (line.values.size() != x.size())
      throw ArgumentError("svg_chart: expected " + std::to_string(x.size()) + " values of " +
                          line.name + ", got " + std::to_string(line.values.size()));
    for (const double v : line.values)
      if (is_finite(v)) {
        smallest = std::min(smallest, v);
        largest = std::max(largest, v);
      }
  }
  const auto y_axis = detail::ChartAxis::over(smallest, largest, 5, may_be_logarithmic);
  detail::ChartAxis x_axis;
  x_axis.low = x.empty() ? 0 : x.front();
  x_axis.high = x.empty() ? 1 : x.back();
  const double x_step =
      std::max(1.0, detail::nice_step(std::max(1.0, x_axis.high - x_axis.low), 8));
  for (double k = std::ceil(x_axis.low / x_step) * x_step; k <= x_axis.high; k += x_step)
    x_axis.ticks.push_back(k);
  if (x_axis.low == x_axis.high) {
    x_axis.low -= 1;
    x_axis.high += 1;
  }

  const auto stroke = [&](std::size_t line, const char* thickness) {
    return std::string("fill='none' stroke='") + colours[line % colours.size()] +
           "' stroke-width='" + thickness + "'";
  };
  // The legend stands above the plot, in as many rows as it needs.
  std::string legend;
  int legend_x = left, legend_y = 14;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const int room = 34 + 8 * static_cast<int>(lines[i].name.size());
    if (legend_x > left && legend_x + room > width - right) {
      legend_x = left;
      legend_y += legend_row;
    }
    legend +=
        detail::svg_line(stroke(i, "3"), legend_x, legend_y - 4, legend_x + 18, legend_y - 4) +
        detail::svg_text(legend_x + 24, legend_y, "start", lines[i].name);
    legend_x += room;
  }
  const int top = legend_y + 14, bottom = top + plot_height, height = bottom + 44;
  const auto px = [&](double v) { return left + x_axis.place(v) * (width - left - right); };
  const auto py = [&](double v) { return bottom - y_axis.place(v) * plot_height; };

  std::string out = "<svg" +
                    detail::attributes(
                        {{"viewBox", "0 0 " + std::to_string(width) + " " + std::to_string(height)},
                         {"role", "img"},
                         {"aria-label", html_text(title)}}) +
                    ">\n" + legend;
  for (const double v : y_axis.ticks)
    out += detail::svg_line("class='grid'", left, py(v), width - right, py(v)) +
           detail::svg_text(left - 8, py(v) + 4, "end", short_number(v));
  for (const double v : x_axis.ticks)
    out += detail::svg_line("class='axis'", px(v), bottom, px(v), bottom + 5) +
           detail::svg_text(px(v), bottom + 19, "middle", short_number(v));
  out += detail::svg_line("class='axis'", left, top, left, bottom) +
         detail::svg_line("class='axis'", left, bottom, width - right, bottom) +
         detail::svg_text(width - right, bottom + 37, "end",
                          x_name + (y_axis.logarithmic ? " (the other axis is logarithmic)" : ""));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::vector<double>& values = lines[i].values;
    std::string path, dots;
    const auto shown = [&](std::size_t k) { return k < x.size() && is_finite(values[k]); };
    for (std::size_t k = 0; k < x.size(); ++k) {
      if (!shown(k)) continue;
      const bool begins = k == 0 || !shown(k - 1);
      path += (begins ? "M" : "L") + pixels(px(x[k])) + " " + pixels(py(values[k]));
      if (begins && !shown(k + 1))  // a value alone
        dots += "<circle " + stroke(i, "3") +
                detail::attributes(
                    {{"cx", pixels(px(x[k]))}, {"cy", pixels(py(values[k]))}, {"r", "2.5"}}) +
                "/>\n";
    }
    if (!path.empty()) out += "<path " + stroke(i, "2") + " d='" + path + "'/>\n";
    out += dots;
  }
  return out + "</svg>\n";
}

}  // namespace tessera
