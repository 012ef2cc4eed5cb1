#include "lib/transfer/source.h"

#include <algorithm>

namespace microstage::transfer {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kWorthAsking = kMiB / 2;
constexpr std::uint64_t kStep = 4 * kMiB;    // asked for at once
constexpr std::uint64_t kAhead = 16 * kMiB;  // how far ahead of the reader

}  // namespace

Result<std::size_t> FileSource::read_at(std::span<std::byte> buffer, std::uint64_t offset) {
  const std::uint64_t left = offset < size_ ? size_ - offset : 0;
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left));
  read_ahead_of(offset);
  return file_->read_at(buffer.first(length), start_ + offset);
}

void FileSource::read_ahead_of(std::uint64_t offset) {
  if (size_ <= kWorthAsking) return;
  asked_for_ = std::max(asked_for_, offset);
  while (asked_for_ < std::min(offset + kAhead, size_)) {
    const std::uint64_t length = std::min(kStep, size_ - asked_for_);
    file_->ops().read_ahead(file_->descriptor(), start_ + asked_for_, length);
    asked_for_ += length;
  }
}

const fs::File* FileSource::whole_file() const {
  const auto status = file_->status();
  return start_ == 0 && status && status->size == size_ ? file_.get() : nullptr;
}

bool FileSource::has_holes() const {
  const auto status = file_->status();
  return status && status->allocated < status->size;
}

void FileSource::drop_cache(std::uint64_t offset, std::uint64_t length) {
  file_->ops().drop_cache(file_->descriptor(), start_ + offset, length);
}

}  // namespace microstage::transfer
