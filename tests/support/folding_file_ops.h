#pragma once
// A file system that does not tell upper from lower case, on top of one that does: each component of a path
// stands for the entry that differs from it in case only, if there is one. A rename to another spelling of
// the same entry changes its spelling, as on vfat or a folding ext4.
//
// Threads: any.

#include <fcntl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lib/fs/file_ops.h"

namespace microstage::testing {

class FoldingFileOps final : public fs::FileOps {
 public:
  explicit FoldingFileOps(fs::FileOps& real = fs::posix_file_ops()) : real_(real) {}

  int open(int dir, const char* path, int flags, mode_t mode, bool beneath) override {
    return real_.open(dir, found(dir, path).c_str(), flags, mode, beneath);
  }
  int stat_path(int dir, const char* path, struct ::stat& status) override {
    return real_.stat_path(dir, found(dir, path).c_str(), status);
  }
  int make_directory(int dir, const char* name, mode_t mode) override {
    return real_.make_directory(dir, found(dir, name).c_str(), mode);
  }
  int make_symlink(const char* target, int dir, const char* name) override {
    return real_.make_symlink(target, dir, found(dir, name).c_str());
  }
  int read_link(int dir, const char* name, std::string& target) override {
    return real_.read_link(dir, found(dir, name).c_str(), target);
  }
  int rename(int from_dir, const char* from, int to_dir, const char* to) override {
    const std::string source = found(from_dir, from);
    const std::string target = found(to_dir, to);
    struct ::stat a {};
    struct ::stat b {};
    const bool same = real_.stat_path(from_dir, source.c_str(), a) == 0 &&
                      real_.stat_path(to_dir, target.c_str(), b) == 0 && a.st_ino == b.st_ino;
    return real_.rename(from_dir, source.c_str(), to_dir, same ? to : target.c_str());
  }
  int unlink(int dir, const char* name) override { return real_.unlink(dir, found(dir, name).c_str()); }
  int remove_directory(int dir, const char* name) override {
    return real_.remove_directory(dir, found(dir, name).c_str());
  }

  int close(int fd) override { return real_.close(fd); }
  int flush(int fd) override { return real_.flush(fd); }
  ssize_t read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) override {
    return real_.read_at(fd, buffer, offset);
  }
  ssize_t write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) override {
    return real_.write_at(fd, bytes, offset);
  }
  int truncate(int fd, std::uint64_t size) override { return real_.truncate(fd, size); }
  int sync(int fd) override { return real_.sync(fd); }
  int stat(int fd, struct ::stat& status) override { return real_.stat(fd, status); }
  int change_mode(int fd, mode_t mode) override { return real_.change_mode(fd, mode); }
  int list(int dir, std::vector<std::string>& names) override { return real_.list(dir, names); }
  int statvfs(int fd, struct ::statvfs& status) override { return real_.statvfs(fd, status); }
  int try_lock(int fd) override { return real_.try_lock(fd); }
  int clone(int to, int from) override { return real_.clone(to, from); }
  int set_direct(int fd, bool direct) override { return real_.set_direct(fd, direct); }
  void start_writeback(int fd, std::uint64_t offset, std::uint64_t length) override {
    real_.start_writeback(fd, offset, length);
  }
  int finish_writeback(int fd, std::uint64_t offset, std::uint64_t length) override {
    return real_.finish_writeback(fd, offset, length);
  }
  void drop_cache(int fd, std::uint64_t offset, std::uint64_t length) override {
    real_.drop_cache(fd, offset, length);
  }
  void read_ahead(int fd, std::uint64_t offset, std::uint64_t length) override {
    real_.read_ahead(fd, offset, length);
  }

 private:
  static bool same_letters(const std::string& a, const std::string& b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
  }

  // Absolute paths lead to the tree and are taken as they are.
  [[nodiscard]] std::string found(int dir, const std::string& path) {
    if (path.starts_with('/')) return path;
    std::string result;
    for (std::size_t start = 0; start <= path.size();) {
      const std::size_t end = std::min(path.find('/', start), path.size());
      result += entry(dir, result.empty() ? "." : result, path.substr(start, end - start));
      if (end < path.size()) result += '/';
      start = end + 1;
    }
    return result;
  }

  [[nodiscard]] std::string entry(int dir, const std::string& above, const std::string& name) {
    std::vector<std::string> names;
    const int directory = real_.open(dir, above.c_str(), O_RDONLY | O_DIRECTORY, 0, false);
    if (directory < 0) return name;
    real_.list(directory, names);
    real_.close(directory);
    const auto same = std::find_if(names.begin(), names.end(),
                                   [&](const std::string& other) { return same_letters(other, name); });
    return same == names.end() ? name : *same;
  }

  fs::FileOps& real_;
};

}  // namespace microstage::testing
