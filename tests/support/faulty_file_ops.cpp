#include "tests/support/faulty_file_ops.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace microstage::testing {

std::string name(Op op) {
  constexpr std::array names{"open",           "flush",        "read",   "write",     "truncate",
                             "clone",          "sync",         "stat",   "stat_path", "change_mode",
                             "make_directory", "make_symlink", "rename", "unlink",    "remove_directory",
                             "list",           "statvfs",      "lock",   "read_link", "writeback"};
  return names.at(static_cast<std::size_t>(op));
}

void FaultyFileOps::fail_at(std::uint64_t n, Fault fault, int code) {
  const std::lock_guard lock(mutex_);
  fault_at_ = count_ + n;
  fault_ = {fault, fault == Fault::short_count ? 1 : code};
  met_ = false;
}

void FaultyFileOps::fail_all(Op op, int code) {
  const std::lock_guard lock(mutex_);
  failing_[op] = code;
}

void FaultyFileOps::before(std::uint64_t n, std::function<void()> hook) {
  const std::lock_guard lock(mutex_);
  hooks_[count_ + n] = std::move(hook);
}

void FaultyFileOps::before(Op op, std::uint64_t n, std::function<void()> hook) {
  const std::lock_guard lock(mutex_);
  kind_hooks_[{op, counts_[op] + n}] = std::move(hook);
}

void FaultyFileOps::pretend_free_inodes(std::uint64_t inodes) {
  const std::lock_guard lock(mutex_);
  free_inodes_ = inodes;
}

void FaultyFileOps::reset() {
  const std::lock_guard lock(mutex_);
  count_ = fault_at_ = 0;
  met_ = was_met_ = crashed_ = false;
  failing_.clear();
  counts_.clear();
  hooks_.clear();
  kind_hooks_.clear();
  operations_.clear();
}

void FaultyFileOps::recover() {
  const bool was_met = fault_was_met();
  reset();
  was_met_ = was_met;
}

bool FaultyFileOps::fault_was_met() const {
  const std::lock_guard lock(mutex_);
  return met_ || was_met_;
}

std::uint64_t FaultyFileOps::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

bool FaultyFileOps::fault_met() const {
  const std::lock_guard lock(mutex_);
  return met_;
}

std::vector<Operation> FaultyFileOps::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

std::uint64_t FaultyFileOps::count_of(Op op) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint64_t>(
      std::count_if(operations_.begin(), operations_.end(),
                    [&](const Operation& o) { return o.op == op && o.result >= 0; }));
}

std::vector<std::string> FaultyFileOps::not_durable(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lost;
  if (unsynced_bytes_.count(path) != 0) lost.push_back("bytes of " + path);
  for (std::size_t end = path.size(); end != 0 && end != std::string::npos; end = path.rfind('/', end - 1))
    if (unsynced_names_.count(path.substr(0, end)) != 0) lost.push_back("name " + path.substr(0, end));
  return lost;
}

std::vector<std::string> FaultyFileOps::synced_again_after_failure() const {
  const std::lock_guard lock(mutex_);
  return synced_again_;
}

FaultyFileOps::Verdict FaultyFileOps::next(Op op) {
  std::vector<std::function<void()>> hooks;
  Verdict verdict;
  {
    const std::lock_guard lock(mutex_);
    ++count_;
    if (auto hook = hooks_.extract(count_)) hooks.push_back(std::move(hook.mapped()));
    if (auto hook = kind_hooks_.extract({op, ++counts_[op]})) hooks.push_back(std::move(hook.mapped()));
    if (crashed_) {
      verdict = {Fault::crash, EIO};
    } else if (count_ == fault_at_) {
      verdict = fault_;
      met_ = true;
      crashed_ = fault_.fault == Fault::crash;
    } else if (const auto failing = failing_.find(op); failing != failing_.end()) {
      verdict = {Fault::error, failing->second};
    }
  }
  for (const auto& hook : hooks)
    hook();
  return verdict;
}

template <class Call>
std::int64_t FaultyFileOps::perform(Op op, std::string path, std::string to, const Call& call) {
  const Verdict verdict = next(op);
  const bool fails = verdict.code != 0 && verdict.fault != Fault::short_count;
  const bool done = !fails || verdict.fault == Fault::done_but_error;
  const std::int64_t result = done ? static_cast<std::int64_t>(call(!fails && verdict.code != 0)) : 0;
  Operation operation{op, std::move(path), std::move(to), fails ? -verdict.code : result};
  const std::lock_guard lock(mutex_);
  operations_.push_back(operation);
  if (!done) return operation.result;
  // What was done counts for the disk, whatever its caller was told.
  const std::int64_t told = std::exchange(operation.result, result);
  if (result >= 0) keep_book(operation);
  return told;
}

void FaultyFileOps::keep_book(const Operation& done) {
  switch (done.op) {
    case Op::write:
    case Op::truncate:
    case Op::clone:
      unsynced_bytes_.insert(done.path);
      break;
    case Op::make_directory:
    case Op::make_symlink:
      unsynced_names_.insert(done.path);
      break;
    case Op::rename:
      unsynced_bytes_.erase(done.to);
      if (unsynced_bytes_.erase(done.path) != 0) unsynced_bytes_.insert(done.to);
      unsynced_names_.erase(done.path);
      unsynced_names_.insert(done.to);
      break;
    case Op::unlink:
    case Op::remove_directory:
      unsynced_bytes_.erase(done.path);
      unsynced_names_.erase(done.path);
      break;
    default:
      break;
  }
}

std::string FaultyFileOps::path_of(int fd) const {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(fd);
  return found == open_.end() ? std::string{} : found->second;
}

std::string FaultyFileOps::path_of(int dir, const char* name) const {
  const std::string above = dir == AT_FDCWD || *name == '/' ? std::string{} : path_of(dir);
  return above.empty() ? name : above + "/" + name;
}

int FaultyFileOps::open(int dir, const char* path, int flags, mode_t mode, bool beneath) {
  const std::string full = path_of(dir, path);
  int opened = -1;
  const auto result = static_cast<int>(perform(Op::open, full, {}, [&](bool) {
    opened = real_.open(dir, path, flags, mode, beneath);
    return opened;
  }));
  if (opened >= 0 && result < 0) real_.close(opened);
  if (result >= 0) {
    const std::lock_guard lock(mutex_);
    open_[result] = full;
  }
  return result;
}

int FaultyFileOps::close(int fd) {
  {
    const std::lock_guard lock(mutex_);
    open_.erase(fd);
    failed_syncs_.erase(fd);
  }
  return real_.close(fd);
}

int FaultyFileOps::flush(int fd) {
  return static_cast<int>(perform(Op::flush, path_of(fd), {}, [&](bool) { return real_.flush(fd); }));
}

void FaultyFileOps::bad_sector(std::string part, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  bad_part_ = std::move(part);
  bad_offset_ = offset;
}

bool FaultyFileOps::meets_bad_sector(int fd, std::size_t size, std::uint64_t offset) const {
  const std::lock_guard lock(mutex_);
  const auto file = open_.find(fd);
  return !bad_part_.empty() && file != open_.end() && file->second.find(bad_part_) != std::string::npos &&
         offset <= bad_offset_ && bad_offset_ < offset + size;
}

ssize_t FaultyFileOps::read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) {
  return perform(Op::read, path_of(fd), {}, [&](bool shortly) {
    if (meets_bad_sector(fd, buffer.size(), offset)) return ssize_t{-EIO};
    return real_.read_at(fd, shortly ? buffer.first((buffer.size() + 1) / 2) : buffer, offset);
  });
}

ssize_t FaultyFileOps::write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  return perform(Op::write, path_of(fd), {}, [&](bool shortly) {
    return real_.write_at(fd, shortly ? bytes.first((bytes.size() + 1) / 2) : bytes, offset);
  });
}

int FaultyFileOps::truncate(int fd, std::uint64_t size) {
  return static_cast<int>(
      perform(Op::truncate, path_of(fd), {}, [&](bool) { return real_.truncate(fd, size); }));
}

void FaultyFileOps::pretend_shared_blocks() {
  const std::lock_guard lock(mutex_);
  shares_blocks_ = true;
}

int FaultyFileOps::copy_all(int to, int from) {
  std::vector<std::byte> buffer(std::size_t{1} << 20U);
  for (std::uint64_t at = 0;;) {
    const ssize_t count = real_.read_at(from, buffer, at);
    if (count <= 0) return static_cast<int>(count);
    const ssize_t written = real_.write_at(to, std::span(buffer).first(static_cast<std::size_t>(count)), at);
    if (written < count) return -EIO;
    at += static_cast<std::uint64_t>(count);
  }
}

int FaultyFileOps::clone(int to, int from) {
  const auto call = [&](bool) { return shares_blocks_ ? copy_all(to, from) : real_.clone(to, from); };
  return static_cast<int>(perform(Op::clone, path_of(to), {}, call));
}

int FaultyFileOps::sync(int fd) {
  const std::string path = path_of(fd);
  const auto result = static_cast<int>(perform(Op::sync, path, {}, [](bool) { return 0; }));
  const std::lock_guard lock(mutex_);
  if (failed_syncs_.count(fd) != 0) synced_again_.push_back(path);
  if (result < 0) failed_syncs_.insert(fd);
  if (result < 0) return result;
  unsynced_bytes_.erase(path);
  // A directory's fsync keeps the names in it.
  for (auto entry = unsynced_names_.begin(); entry != unsynced_names_.end();)
    entry = entry->substr(0, entry->rfind('/')) == path ? unsynced_names_.erase(entry) : std::next(entry);
  return result;
}

int FaultyFileOps::stat(int fd, struct ::stat& status) {
  return static_cast<int>(perform(Op::stat, path_of(fd), {}, [&](bool) { return real_.stat(fd, status); }));
}

int FaultyFileOps::stat_path(int dir, const char* path, struct ::stat& status) {
  return static_cast<int>(perform(Op::stat_path, path_of(dir, path), {},
                                  [&](bool) { return real_.stat_path(dir, path, status); }));
}

int FaultyFileOps::change_mode(int fd, mode_t mode) {
  return static_cast<int>(
      perform(Op::change_mode, path_of(fd), {}, [&](bool) { return real_.change_mode(fd, mode); }));
}

int FaultyFileOps::make_directory(int dir, const char* name, mode_t mode) {
  return static_cast<int>(perform(Op::make_directory, path_of(dir, name), {},
                                  [&](bool) { return real_.make_directory(dir, name, mode); }));
}

int FaultyFileOps::make_symlink(const char* target, int dir, const char* name) {
  return static_cast<int>(perform(Op::make_symlink, path_of(dir, name), {},
                                  [&](bool) { return real_.make_symlink(target, dir, name); }));
}

int FaultyFileOps::read_link(int dir, const char* name, std::string& target) {
  return static_cast<int>(perform(Op::read_link, path_of(dir, name), {},
                                  [&](bool) { return real_.read_link(dir, name, target); }));
}

int FaultyFileOps::rename(int from_dir, const char* from, int to_dir, const char* to) {
  return static_cast<int>(perform(Op::rename, path_of(from_dir, from), path_of(to_dir, to),
                                  [&](bool) { return real_.rename(from_dir, from, to_dir, to); }));
}

int FaultyFileOps::unlink(int dir, const char* name) {
  return static_cast<int>(
      perform(Op::unlink, path_of(dir, name), {}, [&](bool) { return real_.unlink(dir, name); }));
}

int FaultyFileOps::remove_directory(int dir, const char* name) {
  return static_cast<int>(perform(Op::remove_directory, path_of(dir, name), {},
                                  [&](bool) { return real_.remove_directory(dir, name); }));
}

int FaultyFileOps::list(int dir, std::vector<std::string>& names) {
  return static_cast<int>(perform(Op::list, path_of(dir), {}, [&](bool) { return real_.list(dir, names); }));
}

int FaultyFileOps::statvfs(int fd, struct ::statvfs& status) {
  const auto result = perform(Op::statvfs, path_of(fd), {}, [&](bool) { return real_.statvfs(fd, status); });
  const std::lock_guard lock(mutex_);
  if (free_inodes_) {
    status.f_files = 1'000'000;
    status.f_favail = *free_inodes_;
  }
  return static_cast<int>(result);
}

int FaultyFileOps::try_lock(int fd) {
  return static_cast<int>(perform(Op::lock, path_of(fd), {}, [&](bool) { return real_.try_lock(fd); }));
}

void FaultyFileOps::start_writeback(int fd, std::uint64_t offset, std::uint64_t length) {
  real_.start_writeback(fd, offset, length);
}

int FaultyFileOps::finish_writeback(int fd, std::uint64_t offset, std::uint64_t length) {
  const std::string path = path_of(fd);
  const auto result = static_cast<int>(
      perform(Op::writeback, path, {}, [&](bool) { return real_.finish_writeback(fd, offset, length); }));
  const std::lock_guard lock(mutex_);
  if (result < 0) failed_syncs_.insert(fd);  // what is lost by then no fsync tells
  return result;
}

void FaultyFileOps::drop_cache(int fd, std::uint64_t offset, std::uint64_t length) {
  real_.drop_cache(fd, offset, length);
}

void FaultyFileOps::read_ahead(int fd, std::uint64_t offset, std::uint64_t length) {
  real_.read_ahead(fd, offset, length);
}

}  // namespace microstage::testing
