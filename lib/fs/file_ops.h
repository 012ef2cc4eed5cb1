#pragma once
// The one seam to the file system. Everything that reads or changes files goes through FileOps, so that a
// test can fail the n-th operation, for every n. The calls are the kernel's: each returns what the system
// call returns, or -errno; no call loops, retries or interprets.
//
// Threads: an implementation may be called from several threads at once.

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace microstage::fs {

class FileOps {
 public:
  virtual ~FileOps() = default;

  // O_CLOEXEC is always added. With `beneath` the path must stay below `dir` and no component may be a
  // symbolic link (openat2, or component by component where the kernel lacks it); -ELOOP or -EXDEV otherwise.
  virtual int open(int dir, const char* path, int flags, mode_t mode, bool beneath) = 0;
  virtual int close(int fd) = 0;
  // What closing would report (network file systems report late errors there), while the file stays open and
  // locked.
  virtual int flush(int fd) = 0;
  virtual ssize_t read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) = 0;
  virtual ssize_t write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) = 0;
  virtual int truncate(int fd, std::uint64_t size) = 0;
  // Lets the empty file `to` share the blocks of `from`, all of them as they are at this moment. -errno where
  // the file systems cannot, and nothing is done.
  virtual int clone(int to, int from) = 0;
  virtual int sync(int fd) = 0;
  virtual int stat(int fd, struct ::stat& status) = 0;
  virtual int stat_path(int dir, const char* path,
                        struct ::stat& status) = 0;  // does not follow a final symlink
  virtual int change_mode(int fd, mode_t mode) = 0;
  virtual int make_directory(int dir, const char* name, mode_t mode) = 0;
  virtual int make_symlink(const char* target, int dir, const char* name) = 0;
  // Where the symbolic link leads, as it is written; -EINVAL when it is none.
  virtual int read_link(int dir, const char* name, std::string& target) = 0;
  virtual int rename(int from_dir, const char* from, int to_dir, const char* to) = 0;
  virtual int unlink(int dir, const char* name) = 0;
  virtual int remove_directory(int dir, const char* name) = 0;
  virtual int list(int dir, std::vector<std::string>& names) = 0;  // without "." and "..", in no order
  virtual int statvfs(int fd, struct ::statvfs& status) = 0;

  // An exclusive lock on the open file, held until it is closed (open-file-description lock: works across
  // nodes where the file system's locks do). On a file opened for reading only it is a shared one, which
  // keeps out, and is kept out by, the exclusive. 0, -EAGAIN when somebody else's stands against it, or
  // -errno where locks do not work.
  virtual int try_lock(int fd) = 0;

  // From now on reads and writes go past the page cache, in whole blocks of 4096 bytes and buffers so
  // aligned; or no longer. -errno where the file system cannot.
  virtual int set_direct(int fd, bool direct) = 0;

  // Returns when the medium has these bytes; where it cannot be asked for a part of a file, -EINVAL or
  // -ENOSYS. An error of writing that it returns is one that sync will NOT return again: the kernel tells
  // each open file of each error once (sync_file_range(2) does not say so; mm/filemap.c,
  // file_fdatawait_range, does).
  virtual int finish_writeback(int fd, std::uint64_t offset, std::uint64_t length) = 0;

  // Hints; their failure loses speed and nothing else.
  virtual void start_writeback(int fd, std::uint64_t offset, std::uint64_t length) = 0;
  virtual void drop_cache(int fd, std::uint64_t offset, std::uint64_t length) = 0;
  // Starts to bring these bytes into the cache, and returns without them.
  virtual void read_ahead(int fd, std::uint64_t offset, std::uint64_t length) = 0;
};

// The real file system. Lives as long as the process.
[[nodiscard]] FileOps& posix_file_ops();
// The same as a kernel without openat2 would have it.
[[nodiscard]] FileOps& posix_file_ops_without_openat2();

}  // namespace microstage::fs
