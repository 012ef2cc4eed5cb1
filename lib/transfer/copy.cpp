#include "lib/transfer/copy.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "lib/transfer/block_reader.h"
#include "lib/transfer/hash_worker.h"

namespace microstage::transfer {

namespace {

// Below this more threads cost more than they hide.
constexpr std::uint64_t kWorthThreads = 4 * kBlock;
// How many blocks the hash may be behind the writer.
constexpr std::size_t kHashLag = 3;
// Write-back is started this often and waited for one window later, so that the disk is busy and dirty pages
// bounded.
constexpr std::uint64_t kWriteBackWindow = 8 * kBlock;

Status cancelled() {
  return fail(ErrorKind::cancelled, "the transfer was cancelled");
}

// The file is the caller's, hence no owner.
std::shared_ptr<const fs::File> borrowed(const fs::File& file) {
  return {std::shared_ptr<void>{}, &file};
}

// Sends written ranges to the medium behind the writer, and forgets them unless somebody is about to read
// them.
class WriteBack {
 public:
  WriteBack(Source& source, const fs::File& destination, std::uint64_t start, bool keep_cached)
      : source_(source),
        destination_(destination),
        keep_cached_(keep_cached),
        started_(start),
        finished_(start) {}

  // An error: bytes written before did not reach the medium.
  [[nodiscard]] Status written_up_to(std::uint64_t end) {
    if (end - started_ < kWriteBackWindow) return {};
    destination_.ops().start_writeback(destination_.descriptor(), started_, end - started_);
    if (started_ > finished_)
      if (auto done = leave_cache(finished_, started_ - finished_); !done) return done;
    finished_ = started_;
    started_ = end;
    return {};
  }

 private:
  [[nodiscard]] Status leave_cache(std::uint64_t offset, std::uint64_t length) {
    source_.drop_cache(offset, length);
    if (keep_cached_) return {};
    if (auto done = destination_.finish_writeback(offset, length); !done) return done;
    destination_.ops().drop_cache(destination_.descriptor(), offset, length);
    return {};
  }

  Source& source_;
  const fs::File& destination_;
  bool keep_cached_;
  std::uint64_t started_;
  std::uint64_t finished_;
};

bool is_zero(std::span<const std::byte> block) {
  return block.front() == std::byte{0} && std::memcmp(block.data(), block.data() + 1, block.size() - 1) == 0;
}

// One copy in progress: up to three threads, for reading, hashing and writing (the caller's).
class Copy {
 public:
  // Bytes before `start` are in place.
  Copy(Source& source, const fs::File& destination, const CopyOptions& options, std::uint64_t start)
      : destination_(destination),
        options_(options),
        start_(start),
        write_back_(source, destination, start, options.keep_cached),
        threaded_(options.size - start >= kWorthThreads),
        sparse_(threaded_ && source.has_holes()),
        reader_(source, start, options.size, threaded_) {}

  Status run() {
    if (threaded_ && options_.hasher != nullptr) worker_.emplace(*options_.hasher);
    std::uint64_t at = start_;
    for (std::uint64_t blocks = 1; at < options_.size; ++blocks) {
      if (options_.stop.stop_requested()) return cancelled();
      const auto block = reader_.next();
      if (!block) return fail(block.error());
      hash(*block);
      if (auto allowed = check(at); !allowed) return allowed;
      if (auto written = write(*block, at); !written) return written;
      at += block->size();
      release_hashed(blocks);
      if (auto reached = write_back_.written_up_to(at); !reached) return reached;
      if (options_.progress) options_.progress(at);
      if (options_.after_write) options_.after_write(at);
    }
    worker_.reset();  // waits for the last hash
    return check(at);
  }

 private:
  void hash(std::span<const std::byte> block) {
    if (worker_) {
      worker_->submit(block);
    } else if (options_.hasher != nullptr) {
      hash_block(*options_.hasher, block);
    }
  }

  // A hole stays one: the file grows over it, and reads as zeros there.
  [[nodiscard]] Status write(std::span<const std::byte> block, std::uint64_t at) const {
    return sparse_ && is_zero(block) ? destination_.truncate(at + block.size())
                                     : destination_.write_at(block, at);
  }

  // All of `blocks` have been written.
  void release_hashed(std::uint64_t blocks) {
    if (worker_) worker_->wait_until_below(kHashLag + 1);
    const std::uint64_t behind = worker_ ? kHashLag : 0;
    if (blocks > behind) reader_.release(blocks - behind);
  }

  Status check(std::uint64_t at) const {
    return options_.before_write ? options_.before_write(at) : Status{};
  }

  const fs::File& destination_;
  const CopyOptions& options_;
  std::uint64_t start_;
  WriteBack write_back_;
  bool threaded_;
  bool sparse_;
  BlockReader reader_;
  std::optional<HashWorker> worker_;  // last: it reads the reader's blocks until it ends
};

// The destination once it shares the blocks of the source. A part of it that cannot be read is read from the
// source as well, so that whoever watches that learns which part of it is lost.
class SharedBlocks final : public Source {
 public:
  SharedBlocks(Source& source, const fs::File& destination, std::uint64_t size)
      : source_(source), copy_(borrowed(destination), 0, size) {}

  [[nodiscard]] const std::string& name() const override { return copy_.name(); }
  [[nodiscard]] std::uint64_t size() const override { return copy_.size(); }
  [[nodiscard]] Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    auto count = copy_.read_at(buffer, offset);
    if (count) return count;
    if (const auto same = source_.read_at(buffer, offset); !same) return fail(same.error());
    return count;
  }

 private:
  Source& source_;
  FileSource copy_;
};

// On one file system a large file need not be copied: true when the destination now shares its blocks. It is
// hashed all the same.
Result<bool> clone_whole(const Source& source, const fs::File& destination, const CopyOptions& options) {
  if (options.offset > 0 || options.size < kWorthThreads) return false;
  const fs::File* const file = source.whole_file();
  if (file == nullptr) return false;
  if (auto allowed = options.before_write ? options.before_write(0) : Status{}; !allowed)
    return fail(allowed.error());
  if (!destination.clone(*file)) return false;
  const auto status = destination.status();
  if (!status) return fail(status.error());
  if (status->size != options.size)
    return fail(ErrorKind::source_changed, source.name() + " changed its size while it was being copied");
  return true;
}

}  // namespace

Status copy_bytes(Source& source, const fs::File& destination, const CopyOptions& options) {
  source.stop_with(options.stop);
  const auto cloned = clone_whole(source, destination, options);
  if (!cloned) return fail(cloned.error());
  const std::uint64_t start = *cloned ? options.size : options.offset;
  if (start > 0 && options.hasher != nullptr) {
    // What is in place already is part of what is hashed.
    FileSource prefix(borrowed(destination), 0, start);
    SharedBlocks shared(source, destination, start);
    Source& in_place = *cloned ? static_cast<Source&>(shared) : prefix;
    if (auto hashed = hash_bytes(in_place, *options.hasher, options.stop); !hashed) return hashed;
  }
  if (*cloned && options.progress) options.progress(start);
  if (*cloned && options.after_write) options.after_write(start);
  return Copy(source, destination, options, start).run();
}

Status hash_bytes(Source& source, Hasher& hasher, const std::stop_token& stop) {
  source.stop_with(stop);
  const std::uint64_t size = source.size();
  BlockReader reader(source, 0, size, size >= kWorthThreads);
  std::uint64_t at = 0;
  for (std::uint64_t blocks = 1; at < size; ++blocks) {
    if (stop.stop_requested()) return cancelled();
    const auto block = reader.next();
    if (!block) return fail(block.error());
    hash_block(hasher, *block);
    reader.release(blocks);
    at += block->size();
  }
  return {};
}

}  // namespace microstage::transfer
