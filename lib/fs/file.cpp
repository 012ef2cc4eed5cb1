#include "lib/fs/file.h"

#include <algorithm>

namespace microstage::fs {

namespace {

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

bool FileStatus::unchanged_since(const FileStatus& earlier) const {
  return identity == earlier.identity && size == earlier.size && same_time(modified, earlier.modified);
}

FileStatus to_file_status(const struct ::stat& status) {
  return {{status.st_dev, status.st_ino},
          static_cast<std::uint64_t>(status.st_size),
          static_cast<std::uint64_t>(status.st_blocks) * 512,
          status.st_mode,
          status.st_mtim,
          status.st_ctim,
          status.st_uid,
          status.st_nlink};
}

Error space_aware_error(FileOps& ops, int fd, int code, std::string_view doing) {
  Error error = system_error(code, doing);
  if (code != ENOSPC) return error;
  struct ::statvfs space {};
  if (ops.statvfs(fd, space) == 0 && space.f_files > 0 && space.f_favail == 0) {
    error.kind = ErrorKind::space_inodes;
    error.message += " (no inodes left)";
  }
  return error;
}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close_quietly();
    ops_ = other.ops_;
    fd_ = std::exchange(other.fd_, -1);
    name_ = std::move(other.name_);
  }
  return *this;
}

void File::close_quietly() {
  if (fd_ >= 0) ops_->close(std::exchange(fd_, -1));
}

Result<File> File::open(FileOps& ops, const std::string& path, int flags, mode_t mode) {
  const int fd = uninterrupted([&] { return ops.open(AT_FDCWD, path.c_str(), flags, mode, false); });
  if (fd >= 0) return File(ops, fd, path);
  if (fd != -ENOSPC) return fail(system_error(-fd, "open " + path));
  const std::string parent = path.substr(0, path.rfind('/') + 1) + ".";
  const File directory(ops, ops.open(AT_FDCWD, parent.c_str(), O_PATH | O_DIRECTORY, 0, false), parent);
  return fail(space_aware_error(ops, directory.descriptor(), -fd, "open " + path));
}

Result<std::size_t> File::read_at(std::span<std::byte> buffer, std::uint64_t offset) const {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t count =
        uninterrupted([&] { return ops_->read_at(fd_, buffer.subspan(filled), offset + filled); });
    if (count < 0) return fail(system_error(static_cast<int>(-count), "read " + name_));
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  return filled;
}

Status File::write_at(std::span<const std::byte> bytes, std::uint64_t offset) const {
  while (!bytes.empty()) {
    const ssize_t count = uninterrupted([&] { return ops_->write_at(fd_, bytes, offset); });
    if (count <= 0) {
      return fail(
          space_aware_error(*ops_, fd_, count == 0 ? EIO : static_cast<int>(-count), "write " + name_));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Status File::truncate(std::uint64_t size) const {
  if (const int result = uninterrupted([&] { return ops_->truncate(fd_, size); }); result < 0)
    return fail(system_error(-result, "truncate " + name_));
  return {};
}

bool File::clone(const File& from) const {
  return uninterrupted([&] { return ops_->clone(fd_, from.fd_); }) == 0;
}

Status File::change_mode(mode_t mode) const {
  if (const int result = uninterrupted([&] { return ops_->change_mode(fd_, mode); }); result < 0)
    return fail(system_error(-result, "change the mode of " + name_));
  return {};
}

Status File::sync() const {
  const int result = ops_->sync(fd_);
  if (result == 0) return {};
  Error error = space_aware_error(*ops_, fd_, -result, "fsync " + name_);
  if (scope(error.kind) != ErrorScope::tier || error.kind == ErrorKind::mount_sick)
    error.kind = ErrorKind::durability;
  return fail(std::move(error));
}

Status File::finish_writeback(std::uint64_t offset, std::uint64_t length) const {
  const int result = uninterrupted([&] { return ops_->finish_writeback(fd_, offset, length); });
  if (result == 0 || result == -EINVAL || result == -ESPIPE || result == -ENOSYS || result == -EOPNOTSUPP)
    return {};
  Error error = space_aware_error(*ops_, fd_, -result, "write back " + name_);
  error.kind = ErrorKind::durability;
  return fail(std::move(error));
}

Status File::flush() const {
  const int result = ops_->flush(fd_);
  if (result == 0 || result == -EINTR) return {};
  Error error = space_aware_error(*ops_, fd_, -result, "close " + name_);
  if (error.kind == ErrorKind::mount_sick) error.kind = ErrorKind::durability;
  return fail(std::move(error));
}

Result<FileStatus> File::status() const {
  struct ::stat raw {};
  if (const int result = ops_->stat(fd_, raw); result < 0)
    return fail(system_error(-result, "stat " + name_));
  return to_file_status(raw);
}

Result<bool> File::try_lock() const {
  const int result = ops_->try_lock(fd_);
  if (result == -EAGAIN) return false;
  if (result < 0) return fail(system_error(-result, "lock " + name_));
  return true;
}

Result<std::string> read_small_file(const File& file, std::size_t limit) {
  constexpr std::size_t kFirst = 16384;
  std::string text;
  // Most are far shorter than they may be.
  for (std::size_t size = std::min(kFirst, limit + 1);; size = std::min(2 * size, limit + 1)) {
    const std::size_t before = text.size();
    text.resize(size);
    const auto count = file.read_at(std::as_writable_bytes(std::span(text).subspan(before)), before);
    if (!count) return fail(count.error());
    text.resize(before + *count);
    if (text.size() < size) return text;
    if (size == limit + 1) break;
  }
  return fail(ErrorKind::invalid,
              file.name() + " is longer than the " + std::to_string(limit) + " bytes it may have");
}

}  // namespace microstage::fs
