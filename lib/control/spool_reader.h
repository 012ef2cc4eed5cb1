#pragma once
// Reads a spool that may be anybody's: line by line from where an earlier reading ended, up to the size that
// the file had when it was opened, for it may grow meanwhile, perhaps for ever.
//
// Whose reports they are is told by the file's owner, who alone must be able to write it. Threads: one at a
// time.

#include <optional>
#include <string>

#include "lib/control/report.h"
#include "lib/fs/directory.h"

namespace microstage::control {

class SpoolReader {
 public:
  // Nothing when the file is only begun. Errors: invalid, with why nothing in the file can be believed: a
  // link, no regular file, with several names, writable by others than its owner, no first line or another's
  // (a copy); unsupported when a later version wrote it.
  [[nodiscard]] static Result<std::optional<SpoolReader>> open(const fs::Directory& directory,
                                                               const std::string& name);

  [[nodiscard]] const std::string& path() const { return file_.name(); }
  [[nodiscard]] uid_t owner() const { return status_.owner; }
  // The same wherever the file is moved to, and no other file's: the owner's choice is told apart from other
  // owners'.
  [[nodiscard]] std::string name() const { return header_.spool + "-" + std::to_string(status_.owner); }

  // Up to where it was read.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  // Goes on at what position() was at an earlier reading, or 0. Errors: invalid when the file is not what it
  // was then.
  [[nodiscard]] Status go_on_at(std::uint64_t position);

  struct Line {
    std::uint64_t offset = 0;
    Result<Report> report;  // or what is wrong with the line
  };
  // The next line; nothing when no whole one is left. An error about a line is in the Line, one about reading
  // is not; unsupported: written by a later version, and position() stays before it.
  [[nodiscard]] Result<std::optional<Line>> next();

  // Which line of the file begins at `offset`, from 1. Offsets must not fall from call to call.
  [[nodiscard]] Result<std::uint64_t> line_number(std::uint64_t offset);

  // Removes the file when all of it was read and nobody is writing to it; false when it stays for that. Call
  // it when what was read is kept for good. Where locks do not work it goes at the second call that finds it
  // untouched for an hour of `now_us`, microseconds since 1970 in UTC; the first renames it.
  [[nodiscard]] Result<bool> remove_if_read(std::uint64_t now_us);

 private:
  SpoolReader(const fs::Directory& directory, std::string base, fs::File file, const fs::FileStatus& status,
              SpoolHeader header, std::uint64_t first)
      : directory_(&directory),
        base_(std::move(base)),
        file_(std::move(file)),
        status_(status),
        header_(std::move(header)),
        first_(first),
        position_(first),
        counted_at_(first) {}

  // The bytes before the next line feed; nothing when there is none before the end. Sets `too_long` and gives
  // no bytes for what is longer than a line may be.
  [[nodiscard]] Result<std::optional<std::string>> take_line(bool& too_long);
  void forget_buffer() {
    buffer_.clear();
    taken_ = 0;
  }
  [[nodiscard]] std::string name_aside(std::string_view mark) const;
  [[nodiscard]] Result<bool> remove_without_lock(std::uint64_t now_us) const;
  [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::uint64_t most) const;
  [[nodiscard]] Result<Report> parse(std::string_view text, std::uint64_t offset) const;

  const fs::Directory* directory_;
  std::string base_;  // the name in the directory
  fs::File file_;
  fs::FileStatus status_;
  SpoolHeader header_;
  std::uint64_t first_;  // where the first report begins
  std::uint64_t position_;
  std::string buffer_;  // bytes of the file, those from taken_ on stand at position_
  std::size_t taken_ = 0;
  std::uint64_t counted_at_;
  std::uint64_t line_ = 2;  // the line that begins at counted_at_
};

}  // namespace microstage::control
