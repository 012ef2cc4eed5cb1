#include "lib/store/http/head.h"

#include <algorithm>
#include <array>
#include <chrono>

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

std::optional<std::int64_t> parse_date(std::string_view value) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::string_view kForm = "Sun, 06 Nov 1994 08:49:37 GMT";
  if (value.size() != kForm.size()) return std::nullopt;
  for (const std::size_t same : {3U, 4U, 7U, 11U, 16U, 19U, 22U, 25U})
    if (value[same] != kForm[same]) return std::nullopt;
  const std::size_t month = kMonths.find(value.substr(8, 3));
  std::array<std::uint64_t, 5> fields{};  // day, year, hour, minute, second
  constexpr std::array<std::pair<std::size_t, std::size_t>, 5> kPlaces{
      {{5, 2}, {12, 4}, {17, 2}, {20, 2}, {23, 2}}};
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (!parse_decimal(value.substr(kPlaces[i].first, kPlaces[i].second), fields[i])) return std::nullopt;
  const auto [day, year, hour, minute, second] = fields;
  if (month % 3 != 0 || !value.ends_with("GMT") || hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return std::int64_t{days} * 86400 + static_cast<std::int64_t>(hour * 3600 + minute * 60 + second);
}

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
  head.modified = parse_date(modified);
  return head;
}

}  // namespace microstage::store::http
