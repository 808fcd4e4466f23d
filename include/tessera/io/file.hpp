// SPDX-License-Identifier: BSD-3-Clause
// Files: opening with the real size known before anything is allocated, and saving so that a reader
// sees the old file or the whole new one, never a part (temporary file, fsync, rename). POSIX.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tessera/tensor/error.hpp>

namespace tessera {

/// A name or text from a file, fit for a message: at most 80 bytes, one line, and none of the bytes
/// that act on a terminal.
inline std::string printable_name(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, 80)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte >= 0x7F ? '?' : c;
  }
  return out += name.size() > 80 ? "..." : "";
}

namespace detail {

/// "PATH: cannot open: No such file or directory", with the cause taken from `error_number`.
inline FileError system_file_error(const std::filesystem::path& path, const std::string& what,
                                   int error_number) {
  return FileError(path.string() + ": " + what + ": " +
                   std::generic_category().message(error_number));
}

/// A file descriptor that closes itself.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  /// Closes now; false and errno if the system reports a write that failed late.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

inline constexpr std::size_t largest_transfer = std::size_t{1} << 30;  // one read or write call

}  // namespace detail

/// An open regular file of known size, or the bytes of one in memory. Reads copy (a mapped file
/// that shrinks would end the program) and name their position, so threads may share one. Errors:
/// FileError if the file cannot be opened or is no regular file.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path)
      // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
      : path_(std::move(path)), fd_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_.get() < 0) throw detail::system_file_error(path_, "cannot open", errno);
    struct ::stat status {};
    if (::fstat(fd_.get(), &status) != 0)
      throw detail::system_file_error(path_, "cannot read the size", errno);
    if (S_ISDIR(status.st_mode)) throw detail::system_file_error(path_, "cannot read", EISDIR);
    if (!S_ISREG(status.st_mode))
      throw FileError(path_.string() + ": cannot read: not a regular file");
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  /// Bytes that are in memory already, under a name for messages. They must outlive the object.
  InputFile(std::filesystem::path name, std::span<const std::byte> bytes)
      : path_(std::move(name)), fd_(-1), memory_(bytes), size_(bytes.size()) {}

  const std::filesystem::path& path() const { return path_; }
  /// Bytes, as they were when the file was opened.
  std::uint64_t size() const { return size_; }

  /// Fills `out` with the bytes from `offset` on. Errors: FileError if the file ends before.
  void read_at(std::uint64_t offset, std::span<std::byte> out) const {
    if (offset > size_ || out.size() > size_ - offset)
      throw FileError(path_.string() + ": cannot read at byte " + std::to_string(offset) +
                      ": expected " + std::to_string(out.size()) + " bytes, got " +
                      std::to_string(offset > size_ ? 0 : size_ - offset));
    if (fd_.get() < 0) {
      if (!out.empty()) std::memcpy(out.data(), memory_.data() + offset, out.size());
      return;
    }
    for (std::size_t done = 0; done < out.size();) {
      const std::size_t wanted = std::min(out.size() - done, detail::largest_transfer);
      const auto count =
          ::pread(fd_.get(), out.data() + done, wanted, static_cast<::off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw detail::system_file_error(path_, "cannot read", errno);
      if (count == 0)
        throw FileError(path_.string() + ": the file shrank while it was read: expected " +
                        std::to_string(size_) + " bytes, got " + std::to_string(offset + done));
      done += static_cast<std::size_t>(count);
    }
  }

 private:
  std::filesystem::path path_;
  detail::FileDescriptor fd_;  // none: the bytes are in memory_
  std::span<const std::byte> memory_;
  std::uint64_t size_ = 0;
};

/// All bytes of a file. Errors: FileError if it cannot be read or is larger than `max_bytes`
/// (checked before memory is taken).
inline std::vector<std::byte> read_file(const std::filesystem::path& path,
                                        std::uint64_t max_bytes) {
  const InputFile file(path);
  if (file.size() > max_bytes)
    throw FileError(path.string() + ": file too large: expected at most " +
                    std::to_string(max_bytes) + " bytes, got " + std::to_string(file.size()));
  std::vector<std::byte> bytes(static_cast<std::size_t>(file.size()));
  file.read_at(0, bytes);
  return bytes;
}

/// The bytes of a text, as a part for write_file_atomically.
inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

/// Who may read a file that did not exist before: whom the process's umask allows, as with files of
/// other programs (mode 0666 & ~umask), or its owner only (mode 0600).
enum class NewFile { by_umask, owner_only };

namespace detail {

/// The temporary file of one save: removed on destruction unless it was renamed to its target.
class TemporaryFile {
 public:
  TemporaryFile(const std::filesystem::path& target, NewFile access)
      : target_(target), name_(target.string() + ".tmp-XXXXXX"), fd_(create(access)) {
    if (fd_.get() < 0) fail("cannot create a temporary file beside it", errno);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!renamed_) ::unlink(name_.c_str());
  }

  void write(std::span<const std::byte> part) {
    while (!part.empty()) {
      const auto count =
          ::write(fd_.get(), part.data(), std::min(part.size(), detail::largest_transfer));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("cannot write", errno);
      part = part.subspan(static_cast<std::size_t>(count));
    }
  }

  /// Flushes to the disk and takes the target's place.
  void replace_target() {
    const auto mode = target_mode();
    if (mode && ::fchmod(fd_.get(), *mode) != 0) fail("cannot keep the permissions", errno);
    if (::fsync(fd_.get()) != 0) fail("cannot write", errno);
    if (!fd_.close()) fail("cannot write", errno);
    if (::rename(name_.c_str(), target_.c_str()) != 0) fail("cannot replace", errno);
    renamed_ = true;
    // The rename itself lasts only once the directory is on the disk. Some file systems cannot
    // sync a directory, and the new file is whole either way, so failure here is not reported.
    const auto parent = target_.has_parent_path() ? target_.parent_path() : ".";
    const FileDescriptor directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() >= 0) static_cast<void>(::fsync(directory.get()));
  }

 private:
  [[noreturn]] void fail(const char* what, int error_number) const {
    throw system_file_error(target_, what, error_number);
  }

  /// The mode of the file that is to be replaced.
  std::optional<::mode_t> target_mode() const {
    struct ::stat old {};
    if (::stat(target_.c_str(), &old) != 0 || !S_ISREG(old.st_mode)) return std::nullopt;
    return old.st_mode & 07777;
  }

  /// Completes the name; -1 and errno on failure. The system alone knows the umask without a moment
  /// in which other threads would have another, so it is left to `open`. What replaces a file is
  /// the owner's until it takes that file's mode.
  int create(NewFile access) {
    if (access == NewFile::owner_only || target_mode()) return ::mkostemp(name_.data(), O_CLOEXEC);
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::random_device random;
    for (int tries = 0; tries < 100; ++tries) {
      for (char* c = name_.data() + name_.size() - 6; *c; ++c) *c = letters[random() % letters.size()];
      const int fd = ::open(name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
  }

  std::filesystem::path target_;
  std::string name_;
  FileDescriptor fd_;
  bool renamed_ = false;
};

}  // namespace detail

/// Finds before the work what would keep write_file_atomically from writing `path` behind it;
/// leaves nothing. Errors: FileError: there is no such folder, `path` is a folder, or none may
/// write there
inline void check_writable(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  if (!std::filesystem::exists(folder, ignored))
    throw FileError(path.string() + ": cannot be written: there is no folder " + folder.string());
  if (!std::filesystem::is_directory(folder, ignored))
    throw FileError(path.string() + ": cannot be written: " + folder.string() + " is not a folder");
  if (!path.has_filename() || std::filesystem::is_directory(path, ignored))
    throw FileError(path.string() + ": cannot be written: it is a folder");
  const detail::TemporaryFile probe(path, NewFile::owner_only);
}
/// The same for a folder that files are to be written to, and that is made if it is missing.
inline void check_folder_writable(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::path there = std::filesystem::absolute(folder);
  while (there.has_relative_path() && !std::filesystem::exists(there, ignored))
    there = there.parent_path();
  if (!std::filesystem::is_directory(there, ignored))
    throw FileError(folder.string() + ": cannot be written to: " + there.string() +
                    " is not a folder");
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    throw detail::system_file_error(
        folder, "cannot be written to: no file can be made in " + there.string(), errno);
}

/// Saves the parts, one behind the other, as the file `path`: a temporary file in the same
/// directory, fsync, rename. On failure the temporary is removed and the previous file is kept.
/// `access` is who may read a new file; a replaced one keeps its mode. A symbolic link is replaced,
/// not followed. Errors: FileError with the system's cause.
inline void write_file_atomically(const std::filesystem::path& path,
                                  std::span<const std::span<const std::byte>> parts,
                                  NewFile access = NewFile::by_umask) {
  detail::TemporaryFile file(path, access);
  for (const auto part : parts) file.write(part);
  file.replace_target();
}
inline void write_file_atomically(const std::filesystem::path& path,
                                  std::initializer_list<std::span<const std::byte>> parts,
                                  NewFile access = NewFile::by_umask) {
  write_file_atomically(path, std::span(parts.begin(), parts.size()), access);
}
/// The same for one text.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, {bytes_of(text)});
}

}  // namespace tessera
