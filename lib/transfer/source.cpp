#include "lib/transfer/source.h"

#include <algorithm>

namespace microstage::transfer {

Result<std::size_t> FileSource::read_at(std::span<std::byte> buffer, std::uint64_t offset) {
  const std::uint64_t left = offset < size_ ? size_ - offset : 0;
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left));
  return file_->read_at(buffer.first(length), start_ + offset);
}

void FileSource::read_ahead() {
  file_->ops().read_ahead(file_->descriptor());
}

void FileSource::drop_cache(std::uint64_t offset, std::uint64_t length) {
  file_->ops().drop_cache(file_->descriptor(), start_ + offset, length);
}

}  // namespace microstage::transfer
