#include "lib/transfer/copy.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "lib/transfer/hash_worker.h"

namespace microstage::transfer {

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20U;
constexpr std::size_t kBlocks = 4;
// Below this a second thread costs more than it hides.
constexpr std::uint64_t kWorthAThread = 4 * kBlock;
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

// Sends written ranges to the medium behind the writer and forgets them.
class WriteBack {
 public:
  WriteBack(Source& source, const fs::File& destination, std::uint64_t start)
      : source_(source), destination_(destination), started_(start), finished_(start) {}

  void written_up_to(std::uint64_t end) {
    if (end - started_ < kWriteBackWindow) return;
    fs::FileOps& ops = destination_.ops();
    ops.start_writeback(destination_.descriptor(), started_, end - started_);
    if (started_ > finished_) {
      ops.finish_writeback(destination_.descriptor(), finished_, started_ - finished_);
      ops.drop_cache(destination_.descriptor(), finished_, started_ - finished_);
      source_.drop_cache(finished_, started_ - finished_);
    }
    finished_ = started_;
    started_ = end;
  }

 private:
  Source& source_;
  const fs::File& destination_;
  std::uint64_t started_;
  std::uint64_t finished_;
};

// One copy in progress: the ring of buffers and what is done with each block.
class Copy {
 public:
  Copy(Source& source, const fs::File& destination, const CopyOptions& options)
      : source_(source),
        destination_(destination),
        options_(options),
        write_back_(source, destination, options.offset) {
    const std::uint64_t todo = options.size;
    const bool threaded = options.hasher != nullptr && todo >= kWorthAThread;
    const std::size_t block = std::max<std::size_t>(1, std::min<std::uint64_t>(kBlock, todo));
    buffers_.resize(threaded ? kBlocks : 1);
    for (auto& buffer : buffers_)
      buffer = Buffer{std::make_unique_for_overwrite<std::byte[]>(block), block};
    if (threaded) worker_ = std::make_unique<HashWorker>(*options.hasher);
  }

  Status run() {
    if (options_.offset > 0 && options_.hasher != nullptr)
      if (auto hashed = hash_prefix(); !hashed) return hashed;
    std::uint64_t at = options_.offset;
    while (at < options_.size) {
      if (options_.stop.stop_requested()) return cancelled();
      const auto block = read_block(source_, at, options_.size);
      if (!block) return fail(block.error());
      hash(*block);
      if (auto allowed = check(at); !allowed) return allowed;
      if (auto written = destination_.write_at(*block, at); !written) return written;
      at += block->size();
      if (options_.bypass_cache) write_back_.written_up_to(at);
      if (options_.progress) options_.progress(at);
      if (options_.after_write) options_.after_write(at);
    }
    worker_.reset();  // waits for the last hash
    return check(at);
  }

 private:
  struct Buffer {
    std::unique_ptr<std::byte[]> bytes;  // NOLINT: not initialised, unlike a vector's
    std::size_t size = 0;
  };

  // The next buffer, once the hash worker no longer needs it, filled from `file` at `at`.
  template <class Readable>  // a Source, or the destination's file
  Result<std::span<std::byte>> read_block(Readable& file, std::uint64_t at, std::uint64_t end) {
    if (worker_) worker_->wait_until_below(buffers_.size());
    Buffer& buffer = buffers_[next_++ % buffers_.size()];
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size, end - at));
    const std::span block(buffer.bytes.get(), length);
    const auto count = file.read_at(block, at);
    if (!count) return fail(count.error());
    if (*count < length) return tl::unexpected(ended_early(file.name(), at + *count, end).error());
    return block;
  }

  void hash(std::span<const std::byte> block) {
    if (worker_) {
      worker_->submit(block);
    } else if (options_.hasher != nullptr) {
      options_.hasher->update(block);
    }
  }

  Status hash_prefix() {
    for (std::uint64_t at = 0; at < options_.offset;) {
      if (options_.stop.stop_requested()) return cancelled();
      const auto block = read_block(destination_, at, options_.offset);
      if (!block) return fail(block.error());
      hash(*block);
      at += block->size();
    }
    return {};
  }

  Status check(std::uint64_t at) const {
    return options_.before_write ? options_.before_write(at) : Status{};
  }

  Source& source_;
  const fs::File& destination_;
  const CopyOptions& options_;
  std::vector<Buffer> buffers_;
  std::size_t next_ = 0;
  WriteBack write_back_;
  std::unique_ptr<HashWorker> worker_;  // last: it reads the buffers until it ends
};

}  // namespace

Status copy_bytes(Source& source, const fs::File& destination, const CopyOptions& options) {
  source.stop_with(options.stop);
  return Copy(source, destination, options).run();
}

Status hash_bytes(Source& source, Hasher& hasher, const std::stop_token& stop) {
  source.stop_with(stop);
  const std::uint64_t size = source.size();
  const auto length =
      static_cast<std::size_t>(std::max<std::uint64_t>(1, std::min<std::uint64_t>(kBlock, size)));
  std::vector<std::byte> buffer(length);
  for (std::uint64_t at = 0; at < size;) {
    if (stop.stop_requested()) return cancelled();
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, size - at));
    const auto count = source.read_at(std::span(buffer).first(wanted), at);
    if (!count) return fail(count.error());
    if (*count < wanted) return ended_early(source.name(), at + *count, size);
    hasher.update(std::span(buffer).first(wanted));
    at += wanted;
  }
  return {};
}

}  // namespace microstage::transfer
