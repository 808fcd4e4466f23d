// SPDX-License-Identifier: BSD-3-Clause
// The image files of a folder: which there are, in an order that is the same everywhere, and what
// is common to all that read them into memory.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
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
};

/// The JPEG, PNG and BMP files in a folder and the folders in it, told by their first bytes.
/// Symbolic links to files are read, those to folders are not entered.
/// Errors: FileError if the folder cannot be listed or a file in it not be opened.
inline ImageFiles find_image_files(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  ImageFiles found{folder, {}, 0};
  std::vector<std::pair<std::string, fs::path>> names;
  try {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
      std::error_code ignored;  // a link that leads nowhere is no regular file
      if (!entry.is_regular_file(ignored)) continue;
      const InputFile file(entry.path());
      std::array<std::byte, 8> start{};
      const auto known =
          static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), start.size()));
      file.read_at(0, std::span(start).first(known));
      if (detail::image_format(std::span(start).first(known)) == detail::ImageFormat::unknown) {
        ++found.other_files;
        continue;
      }
      fs::path name = entry.path().lexically_relative(folder);
      names.emplace_back(name.generic_string(), std::move(name));
    }
  } catch (const fs::filesystem_error& error) {
    throw FileError(folder.string() + ": cannot list the folder: " + error.code().message());
  }
  std::ranges::sort(names);
  for (auto& [text, name] : names) found.names.push_back(std::move(name));
  return found;
}

/// How a folder of images is read into memory.
struct FolderOptions {
  std::size_t limit = std::numeric_limits<std::size_t>::max();  // read the first so many images
  std::uint64_t max_memory = std::uint64_t{4} << 30;  // bytes of pixels before it is an error
  int longest_side = 0;       // shrink images whose longer side is longer, by area means; 0: do not
  bool skip_damaged = false;  // count and leave out files that cannot be decoded, else an error
  ImageLimits image{};        // for each file
};

/// What a folder gave.
struct FolderCounts {
  std::size_t images = 0;       // in memory
  std::size_t other_files = 0;  // not images by their first bytes
  std::size_t damaged = 0;      // left out by FolderOptions::skip_damaged
};

namespace detail {

/// Calls `add(image, name)`, which returns the bytes that it keeps, for each image of the folder,
/// in the order of the names; `name` is below the folder. Errors: FileError if there is no image,
/// one is damaged, or they need more than the options allow; what `add` throws.
template <class Add>
FolderCounts read_folder(const std::filesystem::path& folder, const FolderOptions& options,
                         Add add) {
  const ImageFiles files = find_image_files(folder);
  FolderCounts counts{0, files.other_files, 0};
  std::uint64_t bytes = 0;
  for (const auto& name : files.names) {
    if (counts.images == options.limit) break;
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
  if (counts.images == 0)
    throw FileError(folder.string() + ": no images here: looked for JPEG, PNG and BMP files, got " +
                    std::to_string(counts.other_files) + " other files and " +
                    std::to_string(counts.damaged) + " damaged images");
  return counts;
}

}  // namespace detail
}  // namespace tessera
