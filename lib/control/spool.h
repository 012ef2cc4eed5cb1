#pragma once
// Appends reports to a spool: one file per host and user in a directory that may be the site's, where
// everybody may make files and nobody may trust a name. Format and rules: spool.md.
//
// A file is opened, locked, extended by one write, and closed again, for each call: so a reader that holds
// the lock may take a file away, and no process keeps a descriptor of a file that is gone. Nothing is
// fsynced: a report is a claim, and after a power cut the last ones are missing.
//
// Threads: one at a time. Other processes may append to and take away the same files.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "lib/control/report.h"
#include "lib/fs/directory.h"

namespace microstage::control {

// Who reports.
struct Reporting {
  std::string host;
  uid_t uid = 0;
};

// Microseconds since 1970 in UTC.
[[nodiscard]] std::uint64_t now_us();

// This host's name as it may stand in a file name, and the effective uid.
[[nodiscard]] Reporting this_reporting();

class Spool {
 public:
  // `directory` is absolute. With `own` it is the user's, and is made, with what leads there, when it is
  // missing.
  Spool(fs::FileOps& ops, std::string directory, bool own, Reporting who)
      : ops_(ops), path_(std::move(directory)), own_(own), who_(std::move(who)) {}

  // All of them in one write, or none. Without reports it only finds out whether there is a file to write to,
  // and makes it. Errors: permission when a directory that others may write to has no sticky bit; those of
  // opening and writing.
  [[nodiscard]] Status append(std::span<const Report> reports);

  // What a file of a spool is called.
  [[nodiscard]] static bool is_spool_name(std::string_view name);

 private:
  // A file that was written to by us before, if it still is the same.
  struct Known {
    fs::Identity identity;
    std::string id;
    std::uint64_t end = 0;
  };

  [[nodiscard]] Status open_directory();
  void make_own_directory() const;
  [[nodiscard]] std::string file_name(unsigned number) const;
  [[nodiscard]] Status append_somewhere(std::span<const Report> reports);
  // False: the name is taken by something that is not ours to write, or by somebody who keeps it locked;
  // `why_` says so.
  [[nodiscard]] Result<bool> append_to(const std::string& name, std::span<const Report> reports);
  [[nodiscard]] Result<fs::File> open_file(const std::string& name, int more_flags) const;
  [[nodiscard]] Result<fs::File> open_or_create(const std::string& name) const;
  [[nodiscard]] bool refuse(const fs::File& file, std::string_view why);
  [[nodiscard]] Result<bool> lock(const fs::File& file);
  [[nodiscard]] Result<bool> write(const fs::File& file, const fs::FileStatus& status,
                                   std::span<const Report> reports);
  // What the file holds up to where the next line goes; no id when it is no spool.
  [[nodiscard]] Result<Known> look_into(const fs::File& file, const fs::FileStatus& status) const;

  fs::FileOps& ops_;
  const std::string path_;
  const bool own_;
  const Reporting who_;
  std::optional<fs::Directory> directory_;
  mode_t file_mode_ = 0600;
  std::optional<Known> known_;
  std::string why_;    // the last name that was tried could not be used
  std::string alone_;  // where locks do not work: a name that no other process has
};

}  // namespace microstage::control
