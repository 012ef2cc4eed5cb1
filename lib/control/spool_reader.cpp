#include "lib/control/spool_reader.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "lib/control/spool.h"
#include "lib/core/random.h"

namespace microstage::control {

namespace {

constexpr std::uint64_t kChunk = std::uint64_t{256} * 1024;
constexpr std::string_view kAside = ".taken";
constexpr std::int64_t kLongAgo = 3600;  // seconds

tl::unexpected<Error> refuse(const fs::File& file, const std::string& why) {
  return fail(ErrorKind::invalid, file.name() + " " + why + "; nothing was taken in from it");
}

Status check_trust(const fs::File& file, const fs::FileStatus& status) {
  if (!status.is_regular()) return refuse(file, "is no regular file");
  if (status.links != 1) return refuse(file, "has " + std::to_string(status.links) + " names");
  if ((status.mode & 0022U) != 0) {
    return refuse(file,
                  "may be written by others than its owner, so that nobody knows whose reports it holds");
  }
  return {};
}

}  // namespace

Result<std::optional<SpoolReader>> SpoolReader::open(const fs::Directory& directory,
                                                     const std::string& name) {
  auto file = directory.open_file(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return failure_of(file);
  const auto status = file->status();
  if (!status) return fail(status.error());
  if (auto trusted = check_trust(*file, *status); !trusted) return fail(trusted.error());
  std::string start(kLongestHeader, '\0');
  const auto count = file->read_at(std::as_writable_bytes(std::span(start)), 0);
  if (!count) return fail(count.error());
  start.resize(*count);
  if (begins_header(start)) return std::optional<SpoolReader>{};
  const std::size_t end = start.find('\n');
  const auto header = parse_header(std::string_view{start}.substr(0, end));
  if (!header && header.error().kind == ErrorKind::unsupported)
    return fail(ErrorKind::unsupported, file->name() + " was " + header.error().message + "; use that one");
  if (!header || end == std::string::npos) return refuse(*file, "is no spool of microstage");
  if (header->uid != status->owner) {
    return refuse(*file, "belongs to uid " + std::to_string(status->owner) + ", but was begun by uid " +
                             std::to_string(header->uid) + ": it is a copy");
  }
  return SpoolReader(directory, name, std::move(*file), *status, *header, end + 1);
}

Result<std::string> SpoolReader::read(std::uint64_t offset, std::uint64_t most) const {
  if (offset >= status_.size) return std::string{};
  std::string bytes(std::min(most, status_.size - offset), '\0');
  const auto count = file_.read_at(std::as_writable_bytes(std::span(bytes)), offset);
  if (!count) return fail(count.error());
  bytes.resize(*count);
  return bytes;
}

Status SpoolReader::go_on_at(std::uint64_t position) {
  if (position == 0) return {};
  const auto before = position >= first_ && position <= status_.size ? read(position - 1, 1) : std::string{};
  if (!before) return fail(before.error());
  if (*before != "\n") {
    return refuse(file_,
                  "is not what it was when it was taken in up to byte " + std::to_string(position) +
                      " (restored from a backup, perhaps): move it away, and later reports begin another");
  }
  position_ = position;
  forget_buffer();
  return {};
}

Result<std::optional<std::string>> SpoolReader::take_line(bool& too_long) {
  std::uint64_t skipped = 0;
  for (std::size_t searched = taken_;;) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = too_long ? std::string{} : buffer_.substr(taken_, end - taken_);
      position_ += skipped + (end + 1 - taken_);
      taken_ = end + 1;
      return line;
    }
    buffer_.erase(0, std::exchange(taken_, 0));
    if (buffer_.size() >= kLongestLine) {  // only its end is still of interest
      too_long = true;
      skipped += buffer_.size();
      buffer_.clear();
    }
    searched = buffer_.size();
    const auto more = read(position_ + skipped + buffer_.size(), kChunk);
    if (!more) return fail(more.error());
    if (more->empty()) {
      buffer_.clear();  // it may be completed later
      return std::optional<std::string>{};
    }
    buffer_ += *more;
  }
}

Result<Report> SpoolReader::parse(std::string_view text, std::uint64_t offset) const {
  auto line = parse_report(text);
  if (!line) return failure_of(line);
  if (line->id != LineId{header_.spool, offset})
    return fail(ErrorKind::invalid, "copied from elsewhere: it is the line " + line->id.text());
  return std::move(line->report);
}

Result<std::optional<SpoolReader::Line>> SpoolReader::next() {
  const std::uint64_t offset = position_;
  bool too_long = false;
  const auto text = take_line(too_long);
  if (!text) return fail(text.error());
  if (!*text) return std::optional<Line>{};
  Line line{offset, too_long ? fail(ErrorKind::invalid, "longer than a line may be") : parse(**text, offset)};
  if (!line.report && line.report.error().kind == ErrorKind::unsupported) {
    position_ = offset;
    forget_buffer();
    return fail(ErrorKind::unsupported, path() + " goes on with what was " + line.report.error().message +
                                            "; take it in with that one");
  }
  return line;
}

Result<std::uint64_t> SpoolReader::line_number(std::uint64_t offset) {
  while (counted_at_ < offset) {
    const auto bytes = read(counted_at_, std::min(kChunk, offset - counted_at_));
    if (!bytes) return fail(bytes.error());
    if (bytes->empty()) break;
    line_ += static_cast<std::uint64_t>(std::count(bytes->begin(), bytes->end(), '\n'));
    counted_at_ += bytes->size();
  }
  return line_;
}

// A name that nobody opens to write.
std::string SpoolReader::name_aside(std::string_view mark) const {
  const std::string stem = base_.substr(0, base_.rfind('.'));
  return stem.substr(0, 100) + "." + random_hex(8) + std::string{mark} + base_.substr(stem.size());
}

// Nothing keeps writers out, but each opens the file by its name for one write: an hour after that name is
// gone nobody has it open any more, and what was written at the last moment is taken in before it goes.
Result<bool> SpoolReader::remove_without_lock(std::uint64_t now_us) const {
  const auto now = file_.status();
  if (!now) return fail(now.error());
  const auto untouched = [&](const timespec& time) {
    return time.tv_sec + kLongAgo < static_cast<std::int64_t>(now_us / 1'000'000);
  };
  if (now->links != 1 || now->size != position_ || !untouched(now->modified) || !untouched(now->changed))
    return false;
  const bool aside = base_.substr(0, base_.rfind('.')).ends_with(kAside);
  auto done = aside ? directory_->unlink(base_) : directory_->rename(base_, *directory_, name_aside(kAside));
  if (!done && done.error().code != ENOENT) return fail(done.error());
  return done && aside;
}

// Renamed first: between our looking and our unlinking another reader could have taken this file away and a
// writer have begun the next one under its name.
Result<bool> SpoolReader::remove_if_read(std::uint64_t now_us) {
  const auto locked = file_.try_lock();
  if (!locked) return remove_without_lock(now_us);
  const auto now = file_.status();
  if (!now) return fail(now.error());
  if (!*locked || now->links != 1 || now->size != position_) return false;
  const std::string aside = name_aside("");
  if (auto moved = directory_->rename(base_, *directory_, aside); !moved) {
    if (moved.error().code == ENOENT) return false;
    return fail(moved.error());
  }
  const auto held = directory_->status_of(aside);
  if (!held) return fail(held.error());
  if (held->identity != now->identity) return false;  // a new one: it stays, under the name that it has now
  if (auto removed = directory_->unlink(aside); !removed) return fail(removed.error());
  return true;
}

}  // namespace microstage::control
