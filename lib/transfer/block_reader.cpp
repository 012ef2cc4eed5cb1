#include "lib/transfer/block_reader.h"

#include <algorithm>
#include <new>

namespace microstage::transfer {

namespace {

// What direct I/O asks of buffers.
constexpr std::align_val_t kAlignment{4096};

Error ended_early(const std::string& name, std::uint64_t at, std::uint64_t size) {
  return {ErrorKind::source_changed,
          name + " ended at byte " + std::to_string(at) + " of " + std::to_string(size) +
              ": it was cut while being read",
          0};
}

}  // namespace

void BlockReader::FreeAligned::operator()(std::byte* bytes) const {
  ::operator delete(bytes, kAlignment);
}

BlockReader::BlockReader(Source& source, std::uint64_t offset, std::uint64_t end, bool ahead)
    : source_(source), at_(offset), end_(end) {
  const auto length =
      static_cast<std::size_t>(std::clamp<std::uint64_t>(end - offset, std::uint64_t{1}, kBlock));
  buffers_.resize(ahead ? kBlocksAhead : 1);
  for (auto& buffer : buffers_)
    buffer.reset(static_cast<std::byte*>(::operator new(length, kAlignment)));
  if (!ahead) return;
  ready_.resize(buffers_.size());
  thread_ = std::thread([this] { read_on(); });
}

BlockReader::~BlockReader() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<std::span<const std::byte>> BlockReader::next() {
  if (!thread_.joinable()) return read();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return filled_ > given_; });
  return ready_[given_++ % ready_.size()];
}

void BlockReader::release(std::uint64_t count) {
  {
    const std::lock_guard lock(mutex_);
    released_ = count;
  }
  changed_.notify_all();
}

Result<std::span<const std::byte>> BlockReader::read() {
  std::byte* const buffer = buffers_[read_++ % buffers_.size()].get();
  const std::span block(buffer, static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, end_ - at_)));
  const auto count = source_.read_at(block, at_);
  if (!count) return fail(count.error());
  if (*count < block.size()) return fail(ended_early(source_.name(), at_ + *count, end_));
  at_ += block.size();
  return block;
}

void BlockReader::read_on() {
  for (bool good = true; good && at_ < end_;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ended_ || read_ - released_ < buffers_.size(); });
      if (ended_) return;
    }
    auto block = read();
    good = block.has_value();
    {
      const std::lock_guard lock(mutex_);
      ready_[filled_++ % ready_.size()] = std::move(block);
    }
    changed_.notify_all();
  }
}

}  // namespace microstage::transfer
