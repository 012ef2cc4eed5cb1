#pragma once
// An open file: owned descriptor, whole reads and writes, errors as one line that names the file.
//
// Threads: one at a time. Destruction closes; whoever needs to know whether closing worked calls flush()
// first.

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <utility>

#include "lib/core/result.h"
#include "lib/fs/file_ops.h"

namespace microstage::fs {

// Names one file for as long as somebody holds it open or its name exists.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Identity&) const = default;
};

struct FileStatus {
  Identity identity;
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;  // bytes on the medium; fewer than the size where there are holes
  mode_t mode = 0;
  timespec modified{};
  timespec changed{};
  uid_t owner = 0;
  nlink_t links = 0;  // names that the file has

  [[nodiscard]] bool is_regular() const { return S_ISREG(mode); }
  [[nodiscard]] bool is_directory() const { return S_ISDIR(mode); }
  // True when nothing suggests that the content differs from what it was at `earlier`.
  [[nodiscard]] bool unchanged_since(const FileStatus& earlier) const;
};

[[nodiscard]] FileStatus to_file_status(const struct ::stat& status);

// system_error, and for ENOSPC whether blocks or inodes ran out on the file system of `fd`.
[[nodiscard]] Error space_aware_error(FileOps& ops, int fd, int code, std::string_view doing);

// Makes a call again for as long as a signal interrupts it.
template <class Call>
[[nodiscard]] auto uninterrupted(const Call& call) {
  auto result = call();
  while (result == -EINTR)
    result = call();
  return result;
}

class File {
 public:
  // Takes ownership of `fd`. `name` is how errors call the file.
  File(FileOps& ops, int fd, std::string name) : ops_(&ops), fd_(fd), name_(std::move(name)) {}
  File(File&& other) noexcept
      : ops_(other.ops_), fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)) {}
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close_quietly(); }

  // Opens any path, relative ones from the working directory. Symbolic links on the way are followed.
  [[nodiscard]] static Result<File> open(FileOps& ops, const std::string& path, int flags,
                                         mode_t mode = 0666);

  [[nodiscard]] int descriptor() const { return fd_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] FileOps& ops() const { return *ops_; }

  // Fills the buffer; fewer bytes only at the end of the file.
  [[nodiscard]] Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) const;
  [[nodiscard]] Status write_at(std::span<const std::byte> bytes, std::uint64_t offset) const;
  [[nodiscard]] Status truncate(std::uint64_t size) const;
  // Shares the blocks of `from`, while this file is empty. False where that cannot be done; nothing has
  // happened then.
  [[nodiscard]] bool clone(const File& from) const;
  [[nodiscard]] Status change_mode(mode_t mode) const;
  // A failure is final: the pages may be gone, so throw the file away. Never call it again on the same file.
  [[nodiscard]] Status sync() const;
  [[nodiscard]] Status flush() const;
  // Returns when the medium has these bytes, or at once where it cannot be asked for a part of a file. A
  // failure (durability, whatever its cause) is as final as that of sync, which does not report it again:
  // throw the file away.
  [[nodiscard]] Status finish_writeback(std::uint64_t offset, std::uint64_t length) const;
  [[nodiscard]] Result<FileStatus> status() const;
  // FileOps::try_lock. True: locked until closed. False: somebody else's lock stands against it. An error:
  // locks do not work here.
  [[nodiscard]] Result<bool> try_lock() const;

 private:
  void close_quietly();

  FileOps* ops_;
  int fd_;
  std::string name_;
};

// The whole of a small file. Fails with `invalid` when it is longer than `limit`.
[[nodiscard]] Result<std::string> read_small_file(const File& file, std::size_t limit);

}  // namespace microstage::fs
