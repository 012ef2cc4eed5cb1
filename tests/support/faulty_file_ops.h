#pragma once
// The faulting twin of the real file system. It passes every call on to another FileOps, counts and records
// it, and can make the n-th one fail, act shortly, or run something of the test's first (a race that always
// happens). It also keeps book of what a power cut would lose: bytes written and names made, but not yet
// fsynced.
//
// Counted are all operations but close and the hints: those cannot fail in a way that their caller could see.
// Set it up before use; the calls themselves may come from several threads.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/fs/file_ops.h"

namespace microstage::testing {

enum class Op {
  open,
  flush,
  read,
  write,
  truncate,
  clone,
  sync,
  stat,
  stat_path,
  change_mode,
  make_directory,
  make_symlink,
  rename,
  unlink,
  remove_directory,
  list,
  statvfs,
  lock,
  read_link,
  writeback,
};

[[nodiscard]] std::string name(Op op);

struct Operation {
  Op op = Op::open;
  std::string path;  // absolute, or as it was given where it could not be known
  std::string to;    // of a rename
  std::int64_t result = 0;
};

enum class Fault {
  error,           // nothing is done, the error is returned
  done_but_error,  // it is done all the same, as when a server's answer is lost
  short_count,     // a read or write of half the bytes (at least one); other operations are left alone
  crash,           // nothing is done, now and ever after, as if the process had been killed
};

class FaultyFileOps final : public fs::FileOps {
 public:
  explicit FaultyFileOps(fs::FileOps& real = fs::posix_file_ops()) : real_(real) {}

  // The n-th operation counted from now on (the first is 1) meets `fault`.
  void fail_at(std::uint64_t n, Fault fault, int code);
  // Every operation of this kind fails from now on; 0 ends that.
  void fail_all(Op op, int code);
  // The byte at `offset` of each file whose path has `part` in it cannot be read; an empty part ends that.
  void bad_sector(std::string part, std::uint64_t offset);
  // Clones by copying, so that a test on any file system meets what follows a clone.
  void pretend_shared_blocks();
  // Runs `hook` just before the n-th operation from now on, or before the n-th of one kind. Once.
  void before(std::uint64_t n, std::function<void()> hook);
  void before(Op op, std::uint64_t n, std::function<void()> hook);
  // Every file system is said to have so many free inodes.
  void pretend_free_inodes(std::uint64_t inodes);
  // Forgets faults, hooks and the count; keeps what is not yet durable.
  void reset();
  // Ends all faults and hooks, as when a new process starts or the disk is well again.
  void recover();

  [[nodiscard]] std::uint64_t count() const;
  // Whether the fault of fail_at was met; the second also remembers it after recover().
  [[nodiscard]] bool fault_met() const;
  [[nodiscard]] bool fault_was_met() const;
  [[nodiscard]] std::vector<Operation> operations() const;
  // How often `op` succeeded since the last reset.
  [[nodiscard]] std::uint64_t count_of(Op op) const;
  // What a power cut could still take from the file at `path`: its bytes, its name, or the names of
  // directories above it that were made through this object. Empty when nothing.
  [[nodiscard]] std::vector<std::string> not_durable(const std::string& path) const;
  // Files whose fsync or write-back failed and that were fsynced again while they were open: a success there
  // means nothing.
  [[nodiscard]] std::vector<std::string> synced_again_after_failure() const;

  int open(int dir, const char* path, int flags, mode_t mode, bool beneath) override;
  int close(int fd) override;
  int flush(int fd) override;
  ssize_t read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) override;
  ssize_t write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) override;
  int truncate(int fd, std::uint64_t size) override;
  int sync(int fd) override;
  int stat(int fd, struct ::stat& status) override;
  int stat_path(int dir, const char* path, struct ::stat& status) override;
  int change_mode(int fd, mode_t mode) override;
  int make_directory(int dir, const char* name, mode_t mode) override;
  int make_symlink(const char* target, int dir, const char* name) override;
  int read_link(int dir, const char* name, std::string& target) override;
  int rename(int from_dir, const char* from, int to_dir, const char* to) override;
  int unlink(int dir, const char* name) override;
  int remove_directory(int dir, const char* name) override;
  int list(int dir, std::vector<std::string>& names) override;
  int statvfs(int fd, struct ::statvfs& status) override;
  int try_lock(int fd) override;
  int clone(int to, int from) override;
  int set_direct(int fd, bool direct) override { return real_.set_direct(fd, direct); }
  void start_writeback(int fd, std::uint64_t offset, std::uint64_t length) override;
  int finish_writeback(int fd, std::uint64_t offset, std::uint64_t length) override;
  void drop_cache(int fd, std::uint64_t offset, std::uint64_t length) override;
  void read_ahead(int fd, std::uint64_t offset, std::uint64_t length) override;

 private:
  struct Verdict {
    Fault fault = Fault::error;
    int code = 0;  // 0: no fault
  };

  [[nodiscard]] int copy_all(int to, int from);
  [[nodiscard]] bool meets_bad_sector(int fd, std::size_t size, std::uint64_t offset) const;
  // Counts, runs a hook, and says what is to happen.
  Verdict next(Op op);
  // Does `call` as the verdict on it says, and records it.
  template <class Call>
  std::int64_t perform(Op op, std::string path, std::string to, const Call& call);
  [[nodiscard]] std::string path_of(int fd) const;
  [[nodiscard]] std::string path_of(int dir, const char* name) const;
  void keep_book(const Operation& done);

  fs::FileOps& real_;
  mutable std::mutex mutex_;
  std::uint64_t count_ = 0;
  std::uint64_t fault_at_ = 0;
  Verdict fault_;
  bool met_ = false;
  bool was_met_ = false;
  bool crashed_ = false;
  std::map<Op, int> failing_;
  std::string bad_part_;
  std::uint64_t bad_offset_ = 0;
  bool shares_blocks_ = false;
  std::map<Op, std::uint64_t> counts_;
  std::map<std::uint64_t, std::function<void()>> hooks_;
  std::map<std::pair<Op, std::uint64_t>, std::function<void()>> kind_hooks_;
  std::optional<std::uint64_t> free_inodes_;
  std::map<int, std::string> open_;
  std::vector<Operation> operations_;
  std::set<std::string> unsynced_bytes_;
  std::set<std::string> unsynced_names_;
  std::set<int> failed_syncs_;
  std::vector<std::string> synced_again_;
};

}  // namespace microstage::testing
