#pragma once
// git-annex's external special remote protocol: lines to messages and back. Pure; bytes in, bytes out.
// Source: git-annex's pages external_special_remote_protocol and its async appendix.
//
// A line is a command and a fixed number of parameters, one blank between them; the last parameter takes the
// rest of the line, blanks included. Nothing is escaped, so every text we send is flattened to one line.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace microstage::remote {

// The job a line belongs to: 0 without ASYNC, else git-annex's number.
using JobId = std::uint64_t;

enum class RequestType {
  init_remote,
  prepare,
  store,
  retrieve,
  check_present,
  remove,
  get_cost,
  get_availability,
  where_is,
  get_info,
  export_supported,
  rename_export,
  remove_export_directory,
};

struct Request {
  RequestType type = RequestType::prepare;
  std::string key;  // store, retrieve, check_present, remove, where_is
  std::string
      file;  // store, retrieve: as git-annex wrote it, relative to the directory the process started in
  // The name that EXPORT gave (any bytes), or the directory to remove. Empty: the request is about a key
  // alone.
  std::string export_name{};
  std::string new_name{};  // rename_export
};

// One line from git-annex, taken apart.
struct Incoming {
  enum class Kind {
    extensions,  // text: the words offered
    list_configs,
    export_name,  // text: the name for the next request; has no reply
    request,
    value,        // text: the answer to a query (VALUE, CREDS)
    error,        // text
    unsupported,  // anything we do not know
    malformed,    // a request that we know, with parameters missing
  };
  Kind kind = Kind::unsupported;
  bool needs_export = false;  // a request that EXPORT must come before
  Request request;
  std::string text;
};

[[nodiscard]] Incoming parse_line(std::string_view line);

// "J 12 REST" to 12 and REST; nothing when the line has no job.
[[nodiscard]] std::optional<JobId> take_job_prefix(std::string_view& line);
[[nodiscard]] std::string with_job_prefix(JobId job, std::string_view line);

enum class Availability { local, global, unavailable };

// Replies. Keys are echoed byte for byte; texts are flattened.
[[nodiscard]] std::string success_reply(const Request& request);
// What says "this failed" for the request, where the protocol has a place for a text it carries `why`.
// Presence that could not be found out is UNKNOWN, never absence.
[[nodiscard]] std::string failure_reply(const Request& request, std::string_view why);
[[nodiscard]] std::string absent_reply(std::string_view key);
[[nodiscard]] std::string where_is_reply(std::string_view text);
[[nodiscard]] std::string cost_reply(unsigned cost);
[[nodiscard]] std::string availability_reply(Availability availability);

struct InfoField {
  std::string name;
  std::string value;
};
[[nodiscard]] std::vector<std::string> info_reply(const std::vector<InfoField>& fields);

struct ConfigSetting {
  std::string_view name;
  std::string_view description;
};
[[nodiscard]] std::vector<std::string> configs_reply(const std::vector<ConfigSetting>& settings);

}  // namespace microstage::remote
