#include "lib/ledger/reserve.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "lib/fs/file.h"

namespace microstage::ledger {

// Written, not merely allocated: that holds room on every file system, and FileOps has no call for the other.
Status Reserve::fill() {
  auto file = fs::File::open(*ops_, path_, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (!file) return fail(file.error());
  const auto status = file->status();
  if (!status) return fail(status.error());
  if (status->size == bytes_) return {};
  if (auto cut = file->truncate(0); !cut) return cut;
  const std::vector<std::byte> block(1U << 20U, std::byte{0x5a});
  for (std::uint64_t at = 0; at < bytes_; at += block.size()) {
    const auto part = std::span(block).first(std::min<std::uint64_t>(block.size(), bytes_ - at));
    if (auto written = file->write_at(part, at); !written) return written;
  }
  return file->sync();
}

Status Reserve::restore() {
  auto filled = fill();
  if (!filled) ignore_error(release(), "what is left of it only takes room");
  return filled;
}

Status Reserve::release() {
  const int result = ops_->unlink(AT_FDCWD, path_.c_str());
  if (result == 0 || result == -ENOENT) return {};
  return fail(system_error(-result, "remove " + path_));
}

}  // namespace microstage::ledger
