// SPDX-License-Identifier: BSD-3-Clause
// A model's weights as a safetensors file with PyTorch's names, order and sizes: exchanged with
// PyTorch unchanged.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/io/safetensors.hpp>
#include <tessera/io/tensor_numbers.hpp>
#include <tessera/network/model.hpp>

namespace tessera {

/// A block or tensor that the file knows under another name: {"enc1.conv", "model.0"} reads
/// "enc1.conv.weight" from "model.0.weight". An empty side is the whole model, or the whole file.
struct Renaming {
  std::string model, file;
};

/// How weights are read. A model's name becomes the file's in two steps: the first renaming whose
/// `model` is the name, or the part of it before a dot, replaces that part; then `prefix` goes in
/// front.
struct LoadOptions {
  std::string prefix{};            // "generator." reads tensor "enc1.conv.weight" from
                                   // "generator.enc1.conv.weight"; other prefixes are left alone
  std::vector<Renaming> rename{};  // one that applies to no tensor is an error
  std::string part{};              // a block of the model: only its tensors are read, and what the
                                   // file has outside of it is left alone
  bool (*ignore)(std::string_view file_name) = nullptr;  // tensors of the file to leave alone;
                                                         // the model's of these names stay as they
                                                         // are, and are not missing
  double (*factor)(const NamedTensor&) = nullptr;        // what a tensor is multiplied by
  bool strict = true;  // missing, unexpected or misshaped names are an error
};

/// Texts of a file's metadata, such as {"tessera.system", "pconv_cifar_net2"}.
struct Metadata : std::map<std::string, std::string> {
  using map::map;
  Metadata(map texts) : map(std::move(texts)) {}
};

/// What became of the names: the model's (loaded, missing, misshaped with both shapes, left as they
/// were by `ignore`) and the file's (unexpected).
struct LoadReport {
  std::vector<std::string> loaded, missing, unexpected, misshaped, ignored;
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

/// The file's name for a name of the model, before the prefix; notes in `used` which renaming
/// applied.
inline std::string name_in_file(std::string_view name, const std::vector<Renaming>& rename,
                                std::vector<bool>* used = nullptr) {
  for (std::size_t r = 0; r < rename.size(); ++r) {
    const auto& [model, file] = rename[r];
    if (!has_prefix(name, model)) continue;
    if (used) (*used)[r] = true;
    const std::string_view rest = name.substr(model.size());
    const bool dot = file.empty() ? rest.starts_with('.') : model.empty();
    return file.empty() ? std::string(rest.substr(dot ? 1 : 0))
                        : file + (dot ? "." : "") + std::string(rest);
  }
  return std::string(name);
}

/// The names of the file by the rules of LoadOptions, in the order of `names`.
/// Errors: ArgumentError if a renaming applies to nothing, or two tensors get one name.
inline std::vector<std::string> names_in_file(const std::vector<NamedTensor>& tensors,
                                              const LoadOptions& options) {
  std::vector<std::string> names;
  std::vector<bool> used(options.rename.size());
  for (const NamedTensor& t : tensors)
    names.push_back(options.prefix + name_in_file(t.name, options.rename, &used));
  for (std::size_t r = 0; r < used.size(); ++r)
    if (!used[r])
      throw ArgumentError("rename: no tensor of the model is left that has the name or prefix \"" +
                          options.rename[r].model + "\"");
  std::map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (const auto [other, added] = seen.emplace(names[i], i); !added)
      throw ArgumentError("rename: \"" + tensors[other->second].name + "\" and \"" +
                          tensors[i].name + "\" would both be read from \"" + names[i] + "\"");
  return names;
}

}  // namespace detail

/// Writes parameters, statistics and counters, atomically, with texts as the
/// file's metadata. Errors: FileError; ArgumentError if a text is not UTF-8
template <class Net, class Device, class T>
void save_weights(const Model<Net, Device, T>& model, const std::filesystem::path& path,
                  const Metadata& metadata = {}) {
  SafetensorsWriter writer;
  for (const auto& [key, value] : metadata) writer.metadata(key, value);
  const auto tensors = model.tensors();
  std::vector<std::vector<T>> values;
  std::vector<std::int64_t> counters;
  values.reserve(tensors.size());
  counters.reserve(tensors.size());  // the writer keeps spans
  for (const NamedTensor& t : tensors) {
    if (t.role == Role::counter) {
      counters.push_back(model.counter(t.name));  // exact, whatever T
      writer.add(t.name, {}, std::span<const std::int64_t>(&counters.back(), 1));
      continue;
    }
    values.push_back(model.get(t.name));
    writer.add(t.name, detail::file_shape(t.dims), std::span<const T>(values.back()));
  }
  writer.save(path);
}

namespace detail {

/// The tensors of a block. Errors: ArgumentError if the model has no such block
inline std::vector<NamedTensor> tensors_of_part(std::vector<NamedTensor> tensors,
                                                const std::string& part) {
  std::erase_if(tensors, [&](const NamedTensor& t) { return !has_prefix(t.name, part); });
  if (tensors.empty())
    throw ArgumentError("load: no tensor of the model has the name or prefix \"" + part + "\"");
  return tensors;
}

}  // namespace detail

/// What to say of a file that is the checkpoint of a training run where a model's weights are
/// wanted. Errors: FileError if it is one
inline void refuse_checkpoint(const SafetensorsFile& file) {
  if (!file.metadata().contains("tessera.checkpoint")) return;
  throw FileError(file.path().string() +
                  ": expected the weights of a model, got the checkpoint of a training run; use "
                  "model.safetensors or best.safetensors of the same folder");
}

/// Reads what `save_weights` or PyTorch wrote, in F32, F64, F16, BF16 or F8; counters in any dtype.
/// On any error the model is unchanged. Memory: the header, and the tensors of the model's own
/// sizes. Errors: FileError; with `strict`, also if a name is missing, unexpected or of another
/// shape; ArgumentError for a renaming that makes no sense
template <class Net, class Device, class T>
LoadReport load_weights(Model<Net, Device, T>& model, const SafetensorsFile& file,
                        const LoadOptions& options = {}) {
  LoadReport report;
  const std::vector<NamedTensor> tensors = detail::tensors_of_part(model.tensors(), options.part);
  const std::vector<std::string> names = detail::names_in_file(tensors, options);
  std::vector<const SafetensorsEntry*> found(tensors.size());
  const auto ignored = [&](const std::string& name) {
    return options.ignore && options.ignore(name);
  };
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto expected = detail::file_shape(tensors[i].dims);
    const SafetensorsEntry* const entry = file.find(names[i]);
    if (ignored(names[i])) {
      report.ignored.push_back(tensors[i].name);
    } else if (!entry) {
      report.missing.push_back(tensors[i].name);
    } else if (entry->shape != expected) {
      report.misshaped.push_back(tensors[i].name + ": expected " + detail::shape_text(expected) +
                                 ", got " + detail::shape_text(entry->shape));
    } else {
      report.loaded.push_back(tensors[i].name);
      found[i] = entry;
    }
  }
  const std::set<std::string_view> known(names.begin(), names.end());
  const std::string part = options.prefix + detail::name_in_file(options.part, options.rename);
  for (const SafetensorsEntry& entry : file.entries())
    if (!known.contains(entry.name) && entry.name.starts_with(options.prefix) &&
        (options.part.empty() || has_prefix(entry.name, part)) && !ignored(entry.name))
      report.unexpected.push_back(printable_name(entry.name));
  if (options.strict &&
      !(report.missing.empty() && report.unexpected.empty() && report.misshaped.empty())) {
    refuse_checkpoint(file);
    throw FileError(file.path().string() + ": the file's tensors are not the model's" +
                    detail::name_list("missing", report.missing) +
                    detail::name_list("unexpected", report.unexpected) +
                    detail::name_list("of another shape", report.misshaped));
  }

  std::vector<std::vector<T>> values(tensors.size());
  std::vector<std::int64_t> counters(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!found[i]) continue;
    if (tensors[i].role == Role::counter) counters[i] = detail::read_counter(file, *found[i]);
    else values[i] = detail::read_values<T>(file, *found[i]);
    if (!options.factor) continue;
    const double factor = options.factor(tensors[i]);
    for (T& v : values[i]) v = static_cast<T>(factor * static_cast<double>(v));
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {  // nothing fails from here on
    if (!found[i]) continue;
    if (tensors[i].role == Role::counter) model.set_counter(tensors[i].name, counters[i]);
    else model.set(tensors[i].name, values[i]);
  }
  return report;
}
/// The same for a path.
template <class Net, class Device, class T>
LoadReport load_weights(Model<Net, Device, T>& model, const std::filesystem::path& path,
                        const LoadOptions& options = {}) {
  return load_weights(model, SafetensorsFile(path), options);
}

}  // namespace tessera
