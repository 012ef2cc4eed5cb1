#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "lib/fs/file_ops.h"

namespace microstage::fs {

namespace {

template <class T>
T or_errno(T result) {
  return result < 0 ? static_cast<T>(-errno) : result;
}

int open_with_openat2(int dir, const char* path, int flags, mode_t mode) {
  struct open_how how {};
  how.flags = static_cast<__u64>(flags) | O_CLOEXEC;
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return or_errno(static_cast<int>(::syscall(SYS_openat2, dir, path, &how, sizeof how)));
}

bool is_symlink(int dir, const char* name) {
  struct ::stat status {};
  return ::fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

// The same promise without openat2: each component is opened by itself, never through a symlink, never
// upwards.
int open_by_components(int dir, const char* path, int flags, mode_t mode) {
  std::string_view rest{path};
  if (rest.empty() || rest.front() == '/') return -EXDEV;
  int current = dir;
  const auto leave = [&](int result) {
    if (current != dir) ::close(current);
    return result;
  };
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string component{rest.substr(0, slash)};
    const bool last = slash == std::string_view::npos;
    if (component == "..") return leave(-EXDEV);
    const int step_flags = last ? flags : O_PATH | O_DIRECTORY;
    const int next =
        or_errno(::openat(current, component.c_str(), step_flags | O_NOFOLLOW | O_CLOEXEC, last ? mode : 0));
    // Where a directory is wanted the kernel calls a symlink "no directory", which reads like absence.
    if (next == -ENOTDIR && is_symlink(current, component.c_str())) return leave(-ELOOP);
    if (last || next < 0) return leave(next);
    leave(0);
    current = next;
    rest.remove_prefix(slash + 1);
  }
}

int open_beneath(std::atomic<bool>& have_openat2, int dir, const char* path, int flags, mode_t mode) {
  if (have_openat2.load(std::memory_order_relaxed)) {
    const int fd = open_with_openat2(dir, path, flags, mode);
    if (fd != -ENOSYS && fd != -EPERM) return fd;
    // Old kernels lack the call and some container filters answer EPERM for it; the slow way tells which it
    // was.
    if (fd == -ENOSYS) have_openat2.store(false, std::memory_order_relaxed);
  }
  return open_by_components(dir, path, flags, mode);
}

class PosixFileOps final : public FileOps {
 public:
  explicit PosixFileOps(bool have_openat2) : have_openat2_(have_openat2) {}

  int open(int dir, const char* path, int flags, mode_t mode, bool beneath) override {
    return beneath ? open_beneath(have_openat2_, dir, path, flags, mode)
                   : or_errno(::openat(dir, path, flags | O_CLOEXEC, mode));
  }
  int close(int fd) override { return or_errno(::close(fd)); }
  int flush(int fd) override {
    const int twin = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return twin < 0 ? -errno : or_errno(::close(twin));
  }
  ssize_t read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) override {
    return or_errno(::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset)));
  }
  ssize_t write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) override {
    return or_errno(::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)));
  }
  int truncate(int fd, std::uint64_t size) override {
    return or_errno(::ftruncate(fd, static_cast<off_t>(size)));
  }
  int clone(int to, int from) override { return or_errno(::ioctl(to, FICLONE, from)); }
  int sync(int fd) override { return or_errno(::fsync(fd)); }
  int stat(int fd, struct ::stat& status) override { return or_errno(::fstat(fd, &status)); }
  int stat_path(int dir, const char* path, struct ::stat& status) override {
    return or_errno(::fstatat(dir, path, &status, AT_SYMLINK_NOFOLLOW));
  }
  int change_mode(int fd, mode_t mode) override { return or_errno(::fchmod(fd, mode)); }
  int make_directory(int dir, const char* name, mode_t mode) override {
    return or_errno(::mkdirat(dir, name, mode));
  }
  int make_symlink(const char* target, int dir, const char* name) override {
    return or_errno(::symlinkat(target, dir, name));
  }
  int read_link(int dir, const char* name, std::string& target) override {
    target.resize(PATH_MAX);
    const ssize_t length = ::readlinkat(dir, name, target.data(), target.size());
    target.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    if (length < 0) return -errno;
    return target.size() == PATH_MAX ? -ENAMETOOLONG : 0;  // it may go on
  }
  int rename(int from_dir, const char* from, int to_dir, const char* to) override {
    return or_errno(::renameat(from_dir, from, to_dir, to));
  }
  int unlink(int dir, const char* name) override { return or_errno(::unlinkat(dir, name, 0)); }
  int remove_directory(int dir, const char* name) override {
    return or_errno(::unlinkat(dir, name, AT_REMOVEDIR));
  }

  int list(int dir, std::vector<std::string>& names) override {
    const int own = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0) return -errno;
    const auto shut = [](DIR* stream) { ::closedir(stream); };
    const std::unique_ptr<DIR, decltype(shut)> stream(::fdopendir(own), shut);
    if (!stream) {
      const int error = -errno;
      ::close(own);
      return error;
    }
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {  // one stream, one thread
      const std::string_view name{entry->d_name};
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    return -errno;
  }

  int statvfs(int fd, struct ::statvfs& status) override { return or_errno(::fstatvfs(fd, &status)); }

  int try_lock(int fd) override {
    // A descriptor that cannot write can only hold a shared lock; that too is refused while a writer holds
    // his.
    const int flags = or_errno(::fcntl(fd, F_GETFL));
    if (flags < 0) return flags;
    struct flock lock {};
    lock.l_type = (flags & O_ACCMODE) == O_RDONLY ? F_RDLCK : F_WRLCK;
    lock.l_whence = SEEK_SET;
    const int result = or_errno(::fcntl(fd, F_OFD_SETLK, &lock));
    return result == -EACCES ? -EAGAIN : result;
  }

  int set_direct(int fd, bool direct) override {
    const int flags = or_errno(::fcntl(fd, F_GETFL));
    if (flags < 0) return flags;
    return or_errno(::fcntl(fd, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT));
  }

  void start_writeback(int fd, std::uint64_t offset, std::uint64_t length) override {
    ::sync_file_range(fd, static_cast<off_t>(offset), static_cast<off_t>(length), SYNC_FILE_RANGE_WRITE);
  }
  int finish_writeback(int fd, std::uint64_t offset, std::uint64_t length) override {
    return or_errno(
        ::sync_file_range(fd, static_cast<off_t>(offset), static_cast<off_t>(length),
                          SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
  }
  void drop_cache(int fd, std::uint64_t offset, std::uint64_t length) override {
    ::posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_DONTNEED);
  }
  void read_ahead(int fd, std::uint64_t offset, std::uint64_t length) override {
    ::posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_WILLNEED);
  }

 private:
  std::atomic<bool> have_openat2_;
};

}  // namespace

FileOps& posix_file_ops() {
  static PosixFileOps ops(true);
  return ops;
}

FileOps& posix_file_ops_without_openat2() {
  static PosixFileOps ops(false);
  return ops;
}

}  // namespace microstage::fs
