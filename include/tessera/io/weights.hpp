// SPDX-License-Identifier: BSD-3-Clause
// A model's weights as a safetensors file with PyTorch's names, order and sizes: exchanged with
// PyTorch unchanged.
#pragma once
#include <set>

#include <tessera/io/safetensors.hpp>
#include <tessera/network/model.hpp>

namespace tessera {

/// How weights are read.
struct LoadOptions {
  std::string prefix{};  // of the file's names: "generator." reads tensor "enc1.conv.weight" from
                         // "generator.enc1.conv.weight"
  bool strict = true;    // missing, unexpected or misshaped names are an error
};

/// What became of the names.
struct LoadReport {
  std::vector<std::string> loaded, missing, unexpected, misshaped;
};

namespace detail {

inline std::vector<std::int64_t> file_shape(const Dims& dims) {
  return std::vector<std::int64_t>(dims.size, dims.size + dims.rank);
}
inline std::string name_list(const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = "; " + std::to_string(names.size()) + " " + what + " (";
  for (std::size_t i = 0; i < names.size() && i < 4; ++i) text += (i ? ", " : "") + names[i];
  return text + (names.size() > 4 ? ", ...)" : ")");
}

template <class T>
std::vector<T> read_values(const SafetensorsFile& file, const SafetensorsEntry& entry) {
  const auto convert = [](const auto& values) {
    return std::vector<T>(values.begin(), values.end());
  };
  if (entry.dtype == "F32") return convert(file.read_f32(entry.name));
  if (entry.dtype == "F64") return convert(file.read_f64(entry.name));
  if (entry.dtype == "I64") return convert(file.read_i64(entry.name));
  throw FileError(file.path().string() + ": tensor \"" + entry.name +
                  "\": expected dtype F32, F64 or I64, got " + entry.dtype);
}

}  // namespace detail

/// Writes parameters, statistics and counters, atomically. Errors: FileError
template <class Net, class Device, class T>
void save_weights(const Model<Net, Device, T>& model, const std::filesystem::path& path) {
  SafetensorsWriter writer;
  const auto tensors = model.tensors();
  std::vector<std::vector<T>> values;
  std::vector<std::int64_t> counters;
  values.reserve(tensors.size());
  counters.reserve(tensors.size());  // the writer keeps spans
  for (const NamedTensor& t : tensors) {
    values.push_back(model.get(t.name));
    if (t.role != Role::counter) {
      writer.add(t.name, detail::file_shape(t.dims), std::span<const T>(values.back()));
      continue;
    }
    counters.push_back(model.counter(t.name));  // exact, whatever T
    writer.add(t.name, {}, std::span<const std::int64_t>(&counters.back(), 1));
  }
  writer.save(path);
}

/// Reads what `save_weights` or PyTorch wrote. On any error the model is unchanged.
/// Errors: FileError; with `strict`, also if a name is missing, unexpected or of another shape.
template <class Net, class Device, class T>
LoadReport load_weights(Model<Net, Device, T>& model, const std::filesystem::path& path,
                        const LoadOptions& options = {}) {
  const SafetensorsFile file(path);
  LoadReport report;
  std::set<std::string> known;
  std::vector<std::pair<std::string, std::vector<T>>> values;
  std::vector<std::pair<std::string, std::int64_t>> counters;
  for (const NamedTensor& t : model.tensors()) {
    const SafetensorsEntry* const entry = file.find(options.prefix + t.name);
    known.insert(options.prefix + t.name);
    if (!entry) {
      report.missing.push_back(t.name);
    } else if (entry->shape != detail::file_shape(t.dims)) {
      report.misshaped.push_back(t.name + ": expected " +
                                 detail::shape_text(detail::file_shape(t.dims)) + ", got " +
                                 detail::shape_text(entry->shape));
    } else {
      if (t.role == Role::counter && entry->dtype == "I64")
        counters.emplace_back(t.name, file.read_i64(entry->name)[0]);  // exact, whatever T
      else values.emplace_back(t.name, detail::read_values<T>(file, *entry));
      report.loaded.push_back(t.name);
    }
  }
  for (const SafetensorsEntry& entry : file.entries())
    if (!known.count(entry.name) && entry.name.starts_with(options.prefix))
      report.unexpected.push_back(entry.name);
  if (options.strict &&
      !(report.missing.empty() && report.unexpected.empty() && report.misshaped.empty()))
    throw FileError(path.string() + ": the file's tensors are not the model's" +
                    detail::name_list("missing", report.missing) +
                    detail::name_list("unexpected", report.unexpected) +
                    detail::name_list("of another shape", report.misshaped));
  for (const auto& [name, v] : values) model.set(name, v);
  for (const auto& [name, n] : counters) model.set_counter(name, n);
  return report;
}

}  // namespace tessera
