#pragma once
// What a program says that it moved or removed, and the line of a spool that says so. Format: spool.md.
//
// A report is a claim: whoever may write a spool may write anything into it, so a reader trusts none of it,
// and takes who made it from the file's owner. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace microstage::control {

inline constexpr std::size_t kLongestLine = std::size_t{128} * 1024;  // bytes, with its line feed
inline constexpr std::size_t kLongestHeader = 4096;                   // of the first line
inline constexpr std::size_t kLongestText = 4096;                     // of one field

enum class Action { store, retrieve, remove, rename };
enum class Outcome {
  done,
  existing,  // it was there already, with the right size: nothing moved
  failed,
};
enum class Verified {
  none,       // nothing was compared
  hashed,     // every byte was hashed on the way and compared with the key
  read_back,  // and once more as the medium has it
  size,       // by its size only
  follow,     // by git-annex, which reads the file itself
};

[[nodiscard]] std::string_view name(Action action);
[[nodiscard]] std::string_view name(Outcome outcome);
[[nodiscard]] std::string_view name(Verified verified);

struct Report {
  std::uint64_t time_us = 0;  // when it ended, microseconds since 1970 in UTC, by its host's clock
  Action action = Action::store;
  Outcome outcome = Outcome::done;
  std::string dataset;  // a UUID; empty where it is not known
  std::string key;
  std::string path;               // the name in a file tree (any bytes); empty for an object of a store
  std::string new_path;           // of a rename
  std::uint64_t bytes = 0;        // of the content; what had arrived when it failed
  std::uint64_t duration_us = 0;  // from the request to its answer
  Verified verified = Verified::none;
  std::string hash;                // algorithm and digest that the bytes were found to have, "sha256:9f86…"
  std::optional<ErrorKind> error;  // of a failure
  std::string message;
  std::string clone_uuid;  // git-annex's, of the clone
  std::string clone;       // its path
  std::string store_uuid;  // git-annex's, of the special remote
  std::string store;       // its URL, without a password
  std::string program;     // name and version
  std::string host;
  std::string user;  // a login name, as the environment has it
  std::uint64_t uid = 0;
  std::uint64_t pid = 0;
  std::string slurm_job;
};

// Where a line stands; with it no line is like another. A line that is found elsewhere was copied there.
struct LineId {
  std::string spool;         // of its file, 32 lower-case hexadecimal digits
  std::uint64_t offset = 0;  // of its first byte

  [[nodiscard]] std::string text() const;  // "SPOOL-OFFSET"
  bool operator==(const LineId&) const = default;
};

// The first line of a spool, which names the file for good, wherever it is moved to.
struct SpoolHeader {
  std::string spool;
  std::uint64_t time_us = 0;
  std::string host;
  std::uint64_t uid = 0;
};

struct SpoolLine {
  LineId id;
  Report report;
};

// With the line feed. Texts that people wrote are cut to 1,000 bytes. Errors: invalid for what parse_report
// would refuse.
[[nodiscard]] std::string header_line(const SpoolHeader& header);
[[nodiscard]] Result<std::string> report_line(const LineId& id, const Report& report);

// `line` is without its line feed. Errors: invalid, with what is wrong; unsupported for a line of a later
// version, which says nothing about whether it is right.
[[nodiscard]] Result<SpoolHeader> parse_header(std::string_view line);
// Whether `text` may be the beginning of a first line that is still being written, or never was to its end.
[[nodiscard]] bool begins_header(std::string_view text);
[[nodiscard]] Result<SpoolLine> parse_report(std::string_view line);

}  // namespace microstage::control
