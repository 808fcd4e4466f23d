// SPDX-License-Identifier: BSD-3-Clause
// The figures of a training run by epoch, and their text as comma-separated values.
#pragma once
#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/io/number_text.hpp>
#include <tessera/tensor/finite.hpp>

namespace tessera {

/// A table of numbers with named columns; every column has a value for each row. What a row lacks
/// is NaN.
struct History {
  struct Column {
    std::string name;
    std::vector<double> values;  // one for each row
  };
  std::vector<Column> columns;
  std::size_t rows = 0;

  /// Appends a row. A name that is new begins a column, NaN above.
  void add(const std::vector<std::pair<std::string, double>>& row) {
    constexpr double missing = std::numeric_limits<double>::quiet_NaN();
    for (Column& column : columns) column.values.push_back(missing);
    ++rows;
    for (const auto& [name, value] : row) {
      auto found = std::find_if(columns.begin(), columns.end(),
                                [&, wanted = &name](const Column& c) { return c.name == *wanted; });
      if (found == columns.end())
        found = columns.insert(found, Column{name, std::vector<double>(rows, missing)});
      found->values.back() = value;
    }
  }

  /// The column of that name, or null.
  const std::vector<double>* find(std::string_view name) const {
    for (const Column& column : columns)
      if (column.name == name) return &column.values;
    return nullptr;
  }
};

namespace detail {

/// A text as a field of comma-separated values (RFC 4180): in quotes where it holds a comma, a
/// quote or a line end, quotes doubled.
inline std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

}  // namespace detail

/// The names on the first line, then a line for each row. Numbers read back exactly; NaN is an
/// empty field.
inline std::string metrics_csv(const History& history) {
  std::string out;
  for (const auto& column : history.columns)
    out += (out.empty() ? "" : ",") + detail::csv_field(column.name);
  out += '\n';
  for (std::size_t row = 0; row < history.rows; ++row) {
    for (std::size_t c = 0; c < history.columns.size(); ++c) {
      const double value = history.columns[c].values[row];
      out += (c ? "," : "") + (is_nan(value) ? "" : detail::number_text(value));
    }
    out += '\n';
  }
  return out;
}

}  // namespace tessera
