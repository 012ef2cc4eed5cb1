#include "lib/store/http/head.h"

#include <algorithm>

#include "lib/core/text.h"

namespace microstage::store::http {

namespace {

constexpr std::size_t kLongestValidator = 512;

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

// It goes back to the server in a header of ours.
bool is_plain(std::string_view text) {
  return text.size() <= kLongestValidator &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_strong_etag(std::string_view value) {
  return value.size() >= 2 && value.front() == '"' && value.back() == '"';
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view value) {
  ContentRange range;
  if (!consume_prefix(value, "bytes ")) return std::nullopt;
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view total = value.substr(slash + 1);
  if (total != "*") {
    std::uint64_t number = 0;
    if (!parse_decimal(total, number)) return std::nullopt;
    range.total = number;
  }
  const std::string_view span = value.substr(0, slash);
  if (span == "*") {
    range.satisfied = false;
    return range;
  }
  const std::size_t dash = span.find('-');
  if (dash == std::string_view::npos || !parse_decimal(span.substr(0, dash), range.first) ||
      !parse_decimal(span.substr(dash + 1), range.last)) {
    return std::nullopt;
  }
  const bool sane = range.first <= range.last && (!range.total || range.last < *range.total);
  return sane ? std::optional(range) : std::nullopt;
}

ResponseHead parse_head(int status, const std::vector<std::string>& lines) {
  ResponseHead head;
  head.status = status;
  std::string etag;
  std::string modified;
  for (const std::string_view line : lines) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string name = lower(trimmed(line.substr(0, colon)));
    const std::string_view value = trimmed(line.substr(colon + 1));
    std::uint64_t number = 0;
    if (name == "content-length" && parse_decimal(value, number)) head.length = number;
    if (name == "content-range") head.range = parse_content_range(value);
    if (name == "content-type") head.content_type = lower(trimmed(value.substr(0, value.find(';'))));
    if (name == "content-encoding") head.encoded = lower(value) != "identity" && !value.empty();
    if (name == "retry-after") head.retry_after = value;
    if (name == "etag" && is_plain(value) && is_strong_etag(value)) etag = value;
    if (name == "last-modified" && is_plain(value)) modified = value;
  }
  head.validator = etag.empty() ? modified : etag;
  return head;
}

}  // namespace microstage::store::http
