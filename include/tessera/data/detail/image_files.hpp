// SPDX-License-Identifier: BSD-3-Clause
// The image files of a folder: which there are, in an order that is the same everywhere, and what
// is common to all that read them into memory.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <tessera/data/image.hpp>
#include <tessera/data/resize.hpp>
#include <tessera/io/file.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// What find_image_files saw.
struct ImageFiles {
  std::filesystem::path folder;
  std::vector<std::filesystem::path> names;  // below the folder, sorted byte by byte
  std::size_t other_files = 0;               // neither JPEG, PNG nor BMP by their first bytes
  std::size_t hidden = 0;      // files and folders left out because their names begin with a dot
  std::size_t unreadable = 0;  // files and folders left out because they cannot be opened
};

namespace detail {

/// Calls `found(path)` for each file below a folder but hidden ones, in no order. Folders wait in a
/// list, so that one is open at a time however deep they lie.
template <class Found>
void for_each_file(ImageFiles& files, bool skip_unreadable, Found found) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> folders{files.folder};
  while (!folders.empty()) {
    const fs::path folder = std::move(folders.back());
    folders.pop_back();
    fs::directory_iterator at(folder, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error)) {
      if (at->path().filename().native().starts_with('.')) {
        ++files.hidden;
        continue;
      }
      std::error_code nowhere;  // a link that leads nowhere is no regular file
      const bool link = at->is_symlink(nowhere);
      if (!link && at->is_directory(nowhere)) folders.push_back(at->path());
      else if (at->is_regular_file(nowhere) || nowhere == std::errc::permission_denied)
        found(at->path());
    }
    if (!error) continue;
    if (!skip_unreadable || folder == files.folder)
      throw FileError(folder.string() + ": cannot list the folder: " + error.message());
    ++files.unreadable;
    error.clear();
  }
}

}  // namespace detail

/// The JPEG, PNG and BMP files in a folder and the folders in it, told by their first bytes.
/// Symbolic links to files are read, those to folders are not entered. What is hidden, its name
/// beginning with a dot, is left out: programs keep copies of images there (.ipynb_checkpoints,
/// .thumbnails, ._photo.jpg).
/// Errors: FileError if the folder cannot be listed; without `skip_unreadable` also if a folder or
/// file in it cannot be opened.
inline ImageFiles find_image_files(const std::filesystem::path& folder,
                                   bool skip_unreadable = false) {
  ImageFiles files;
  files.folder = folder;
  std::vector<std::pair<std::string, std::filesystem::path>> names;
  detail::for_each_file(files, skip_unreadable, [&](const std::filesystem::path& path) {
    std::array<std::byte, 8> start{};
    std::span<std::byte> known;
    try {
      const InputFile file(path);
      known = std::span(start).first(
          static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), start.size())));
      file.read_at(0, known);
    } catch (const FileError&) {
      if (!skip_unreadable) throw;
      ++files.unreadable;
      return;
    }
    if (detail::image_format(known) == detail::ImageFormat::unknown) {
      ++files.other_files;
      return;
    }
    std::filesystem::path name = path.lexically_relative(folder);
    names.emplace_back(name.generic_string(), std::move(name));
  });
  std::ranges::sort(names);
  for (auto& [text, name] : names) files.names.push_back(std::move(name));
  return files;
}

/// How a folder of images is read into memory.
struct FolderOptions {
  std::size_t limit = std::numeric_limits<std::size_t>::max();  // read the first so many images
  std::uint64_t max_memory = std::uint64_t{4} << 30;  // bytes of pixels before it is an error
  int longest_side = 0;       // shrink images whose longer side is longer, by area means; 0: do not
  bool skip_damaged = false;  // count and leave out files that cannot be decoded, and files and
                              // folders that cannot be opened; else an error
  ImageLimits image{};        // for each file
  std::function<void(std::size_t done, std::size_t all)> on_file{};  // called after each image file
};

/// What a folder gave.
struct FolderCounts {
  std::size_t images = 0;       // in memory
  std::size_t other_files = 0;  // not images by their first bytes
  std::size_t damaged = 0;      // left out by FolderOptions::skip_damaged
  std::size_t unreadable = 0;   // the same; files and folders that cannot be opened
  std::size_t hidden = 0;       // files and folders whose names begin with a dot
};

namespace detail {

/// What was not looked at, for messages: "; left out: 2 unreadable, 1 hidden"; empty if nothing.
inline std::string left_out(const FolderCounts& counts) {
  std::string text;
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0) text += (text.empty() ? "; left out: " : ", ") + std::to_string(count) + what;
  };
  add(counts.unreadable, " unreadable");
  add(counts.hidden, " hidden");
  return text;
}

/// Calls `add(image, name)`, which returns the bytes that it keeps, for each image of the folder,
/// in the order of the names; `name` is below the folder. Errors: FileError if there is no image,
/// one is damaged, or they need more than the options allow; what `add` throws.
template <class Add>
FolderCounts read_folder(const std::filesystem::path& folder, const FolderOptions& options,
                         Add add) {
  const ImageFiles files = find_image_files(folder, options.skip_damaged);
  FolderCounts counts{0, files.other_files, 0, files.unreadable, files.hidden};
  std::uint64_t bytes = 0;
  std::size_t done = 0;
  for (const auto& name : files.names) {
    if (counts.images == options.limit) break;
    if (options.on_file && done > 0)
      options.on_file(done, files.names.size() - counts.damaged > options.limit
                                ? options.limit + counts.damaged
                                : files.names.size());
    ++done;
    Image image;
    try {
      image = read_image(folder / name, options.image);
    } catch (const FileError&) {
      if (!options.skip_damaged) throw;
      ++counts.damaged;
      continue;
    }
    if (options.longest_side > 0) image = shrink_to(std::move(image), options.longest_side);
    bytes += add(std::move(image), name.generic_string());
    if (bytes > options.max_memory)
      throw FileError(folder.string() + ": the first " + std::to_string(counts.images + 1) +
                      " of " + std::to_string(files.names.size()) +
                      " images take more than the allowed " + std::to_string(options.max_memory) +
                      " bytes; read fewer (limit), shrink them (longest_side) or allow more "
                      "(max_memory)");
    ++counts.images;
  }
  if (options.on_file && done > 0) options.on_file(done, done);
  if (counts.images == 0)
    throw FileError(folder.string() + ": no images here: looked for JPEG, PNG and BMP files, got " +
                    std::to_string(counts.other_files) + " other files and " +
                    std::to_string(counts.damaged) + " damaged images" + left_out(counts));
  return counts;
}

}  // namespace detail
}  // namespace tessera
