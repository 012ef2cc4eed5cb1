#pragma once
// What the head of a response says that matters here. Pure; a server's lines are hostile: what is malformed
// counts as not said. Source: RFC 9110.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace microstage::store::http {

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
  bool satisfied = true;   // false for "bytes */TOTAL"
  std::optional<std::uint64_t> total;
};

struct ResponseHead {
  int status = 0;
  std::optional<std::uint64_t> length;  // of this response's body
  std::optional<ContentRange> range;
  std::string validator;                 // a strong ETag, else Last-Modified: what If-Range takes
  std::optional<std::int64_t> modified;  // seconds since the epoch
  std::string content_type;              // lower case, without parameters
  std::string retry_after;
  bool encoded = false;  // the body is not the object's bytes (gzip, …)

  [[nodiscard]] bool is_web_page() const { return content_type == "text/html"; }
};

[[nodiscard]] ResponseHead parse_head(int status, const std::vector<std::string>& lines);

// "Sun, 06 Nov 1994 08:49:37 GMT" in seconds since the epoch; the two obsolete forms count as malformed.
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view value);

// "bytes 0-9/100", "bytes 0-9/*", "bytes */100".
[[nodiscard]] std::optional<ContentRange> parse_content_range(std::string_view value);

}  // namespace microstage::store::http
