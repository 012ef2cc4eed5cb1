#include "lib/transfer/copy.h"

#include <algorithm>
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

Status ended_early(const std::string& name, std::uint64_t at, std::uint64_t size) {
  return fail(ErrorKind::source_changed, name + " ended at byte " + std::to_string(at) + " of " +
                                             std::to_string(size) + ": it was cut while being read");
}

// Sends written ranges to the medium behind the writer, and forgets them unless somebody is about to read
// them.
class WriteBack {
 public:
  WriteBack(Source& source, const fs::File& destination, const CopyOptions& options)
      : source_(source),
        destination_(destination),
        keep_cached_(options.keep_cached),
        started_(options.offset),
        finished_(options.offset) {}

  void written_up_to(std::uint64_t end) {
    if (end - started_ < kWriteBackWindow) return;
    fs::FileOps& ops = destination_.ops();
    ops.start_writeback(destination_.descriptor(), started_, end - started_);
    if (started_ > finished_) {
      source_.drop_cache(finished_, started_ - finished_);
      if (!keep_cached_) {
        ops.finish_writeback(destination_.descriptor(), finished_, started_ - finished_);
        ops.drop_cache(destination_.descriptor(), finished_, started_ - finished_);
      }
    }
    finished_ = started_;
    started_ = end;
  }

 private:
  Source& source_;
  const fs::File& destination_;
  bool keep_cached_;
  std::uint64_t started_;
  std::uint64_t finished_;
};

// One copy in progress: up to three threads, for reading, hashing and writing (the caller's).
class Copy {
 public:
  Copy(Source& source, const fs::File& destination, const CopyOptions& options)
      : destination_(destination),
        options_(options),
        write_back_(source, destination, options),
        threaded_(options.size - options.offset >= kWorthThreads),
        reader_(source, options.offset, options.size, threaded_) {}

  Status run() {
    if (threaded_ && options_.hasher != nullptr) worker_.emplace(*options_.hasher);
    std::uint64_t at = options_.offset;
    for (std::uint64_t blocks = 1; at < options_.size; ++blocks) {
      if (options_.stop.stop_requested()) return cancelled();
      const auto block = reader_.next();
      if (!block) return fail(block.error());
      hash(*block);
      if (auto allowed = check(at); !allowed) return allowed;
      if (auto written = destination_.write_at(*block, at); !written) return written;
      at += block->size();
      release_hashed(blocks);
      write_back_.written_up_to(at);
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
  WriteBack write_back_;
  bool threaded_;
  BlockReader reader_;
  std::optional<HashWorker> worker_;  // last: it reads the reader's blocks until it ends
};

// The bytes that are in place already are part of what is hashed.
Status hash_prefix(const fs::File& destination, const CopyOptions& options) {
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, options.offset)));
  for (std::uint64_t at = 0; at < options.offset;) {
    if (options.stop.stop_requested()) return cancelled();
    const auto wanted = std::span(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, options.offset - at)));
    const auto count = destination.read_at(wanted, at);
    if (!count) return fail(count.error());
    if (*count < wanted.size()) return ended_early(destination.name(), at + *count, options.offset);
    hash_block(*options.hasher, wanted);
    at += wanted.size();
  }
  return {};
}

}  // namespace

Status copy_bytes(Source& source, const fs::File& destination, const CopyOptions& options) {
  source.stop_with(options.stop);
  if (options.offset > 0 && options.hasher != nullptr)
    if (auto hashed = hash_prefix(destination, options); !hashed) return hashed;
  return Copy(source, destination, options).run();
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
