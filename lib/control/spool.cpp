#include "lib/control/spool.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "lib/core/random.h"
#include "lib/core/text.h"

namespace microstage::control {

namespace {

constexpr std::string_view kSuffix = ".jsonl";
constexpr std::size_t kLongestHost = 64;
// Names that a hostile neighbour would have to take before nothing can be recorded.
constexpr unsigned kNames = 8;
constexpr int kMostTries = 16;
// A sibling's write takes microseconds; who holds the lock for longer than this was stopped.
constexpr int kLockTries = 100;
constexpr std::chrono::milliseconds kLockPause{1};

// Errors that say something about a name and nothing about the directory.
bool concerns_the_name(const Error& error) {
  constexpr std::array kCodes{ELOOP, EXDEV, EACCES, EPERM, EISDIR, ENXIO, ETXTBSY};
  return std::find(kCodes.begin(), kCodes.end(), error.code) != kCodes.end();
}

Result<std::string> read_up_to(const fs::File& file, std::size_t limit, std::uint64_t offset) {
  std::string bytes(limit, '\0');
  const auto count = file.read_at(std::as_writable_bytes(std::span(bytes)), offset);
  if (!count) return fail(count.error());
  bytes.resize(*count);
  return bytes;
}

}  // namespace

std::uint64_t now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

Reporting this_reporting() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name = {};
  std::string host = name.data();
  host.resize(std::min(host.size(), kLongestHost));
  for (char& c : host) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (!plain) c = '_';
  }
  if (host.empty() || host.front() == '.') host = "host" + host;
  return {host, ::geteuid()};
}

bool Spool::is_spool_name(std::string_view name) {
  return name.size() > kSuffix.size() && name.ends_with(kSuffix) && name.front() != '.';
}

std::string Spool::file_name(unsigned number) const {
  const std::string name = who_.host + "-" + std::to_string(who_.uid);
  return name + (number == 0 ? "" : "." + std::to_string(number)) + std::string{kSuffix};
}

void Spool::make_own_directory() const {
  for (std::size_t slash = path_.find('/', 1);; slash = path_.find('/', slash + 1)) {
    ops_.make_directory(AT_FDCWD, path_.substr(0, slash).c_str(), 0700);  // opening it tells what is wrong
    if (slash == std::string::npos) return;
  }
}

Status Spool::open_directory() {
  if (directory_) return {};
  auto opened = fs::Directory::open_unread(ops_, path_);
  if (!opened && own_ && opened.error().code == ENOENT) {
    make_own_directory();
    opened = fs::Directory::open_unread(ops_, path_);
  }
  if (!opened) return fail(opened.error());
  const auto status = opened->status();
  if (!status) return fail(status.error());
  if ((status->mode & 0022U) != 0 && (status->mode & 01000U) == 0) {
    return fail(ErrorKind::permission,
                path_ +
                    " may be written by others and has no sticky bit, so they could take away or "
                    "replace each other's reports; run chmod +t on it");
  }
  // Where files get the directory's group, it is that of who takes the reports in.
  file_mode_ = (status->mode & 02000U) != 0 ? 0640 : 0600;
  directory_.emplace(std::move(*opened));
  return {};
}

Result<fs::File> Spool::open_file(const std::string& name, int more_flags) const {
  constexpr int kFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
  return directory_->open_file(name, kFlags | more_flags, file_mode_);
}

Result<bool> Spool::lock(const fs::File& file) {
  if (!alone_.empty()) return true;
  for (int tries = 0; tries < kLockTries; ++tries) {
    const auto locked = file.try_lock();
    if (!locked || *locked) return locked;
    std::this_thread::sleep_for(kLockPause);
  }
  return false;
}

Result<fs::File> Spool::open_or_create(const std::string& name) const {
  for (int tries = 0;; ++tries) {
    auto file = open_file(name, 0);
    if (file || file.error().code != ENOENT) return file;
    file = open_file(name, O_CREAT | O_EXCL);
    if (file) ignore_error(file->change_mode(file_mode_), "with a strict umask only its owner can read it");
    // Made by a sibling since; or gone again.
    if (file || file.error().code != EEXIST || tries == kMostTries) return file;
  }
}

bool Spool::refuse(const fs::File& file, std::string_view why) {
  why_ = file.name() + std::string{why};
  return false;
}

Result<bool> Spool::append_to(const std::string& name, std::span<const Report> reports) {
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto file = open_or_create(name);
    if (!file && !concerns_the_name(file.error())) return fail(file.error());
    if (!file) {
      why_ = file.error().message;
      return false;
    }
    const auto locked = lock(*file);
    if (!locked) {
      alone_ = who_.host + "-" + std::to_string(who_.uid) + "." + random_hex(8) + std::string{kSuffix};
      return refuse(*file, ": locks do not work here");
    }
    if (!*locked) return refuse(*file, " is locked by another process, which does not go on");
    const auto status = file->status();
    if (!status) return fail(status.error());
    if (status->links == 0) continue;  // taken in and removed since we opened it
    // Only its owner may be able to write it, or a reader could not say whose reports they are.
    if (!status->is_regular() || status->owner != who_.uid) return refuse(*file, " is no file of ours");
    if (status->links != 1 || (status->mode & 0022U) != 0)
      return refuse(*file, " has another name, or may be written by others");
    return write(*file, *status, reports);
  }
  return fail(ErrorKind::transient, name + " keeps being removed");
}

Result<Spool::Known> Spool::look_into(const fs::File& file, const fs::FileStatus& status) const {
  if (known_ && known_->identity == status.identity && known_->end == status.size) return *known_;
  const auto start = read_up_to(file, kLongestHeader, 0);
  if (!start) return fail(start.error());
  Known found{status.identity, {}, status.size};
  const std::size_t end = start->find('\n');
  if (const auto header = parse_header(std::string_view{*start}.substr(0, end));
      header && end != std::string::npos) {
    found.id = header->spool;
  } else if (begins_header(*start)) {
    // Empty, or its maker did not live to write the first line: nothing in it can be read.
    if (status.size > 0)
      if (auto emptied = file.truncate(0); !emptied) return fail(emptied.error());
    found.end = 0;
  }
  return found;
}

Result<bool> Spool::write(const fs::File& file, const fs::FileStatus& status,
                          std::span<const Report> reports) {
  auto known = look_into(file, status);
  if (!known) return fail(known.error());
  std::string text;
  if (known->end == 0) {
    known->id = random_hex(16);
    if (known->id.find_first_not_of('0') == std::string::npos)
      return fail(ErrorKind::transient, "the kernel gives no random numbers to name a spool with");
    text = header_line({known->id, now_us(), who_.host, who_.uid});
  }
  if (known->id.empty()) return refuse(file, " is no spool of microstage");
  if (known->end > 0 && !(known_ && known_->identity == known->identity && known_->end == known->end)) {
    const auto last = read_up_to(file, 1, known->end - 1);
    if (!last) return fail(last.error());
    if (*last != "\n") text = "\n";  // the end of a line that was cut off
  }
  for (const Report& report : reports) {
    auto line = report_line({known->id, known->end + text.size()}, report);
    if (!line) return fail(line.error());
    text += *line;
  }
  known_.reset();
  if (auto written = file.write_at(std::as_bytes(std::span(text)), known->end); !written) {
    ignore_error(file.truncate(known->end), "the next line begins after what is left");
    return fail(written.error());
  }
  known->end += text.size();
  known_ = std::move(*known);
  return true;
}

Status Spool::append_somewhere(std::span<const Report> reports) {
  for (unsigned number = 0; number < kNames && alone_.empty(); ++number) {
    const auto written = append_to(file_name(number), reports);
    if (!written) return fail(written.error());
    if (*written) return {};
  }
  const auto written = alone_.empty() ? Result<bool>(false) : append_to(alone_, reports);
  if (!written) return fail(written.error());
  if (*written) return {};
  return fail(ErrorKind::permission, why_);
}

Status Spool::append(std::span<const Report> reports) {
  if (auto opened = open_directory(); !opened) return opened;
  auto appended = append_somewhere(reports);
  if (!appended) directory_.reset();  // it may have been replaced
  return appended;
}

}  // namespace microstage::control
