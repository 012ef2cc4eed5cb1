#include "daemon/cli/times.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "lib/core/text.h"

namespace microstage::cli {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMostSeconds = 9'000'000'000;  // of what fits in nanoseconds

std::optional<std::int64_t> seconds_in(std::string_view unit) {
  struct Unit {
    std::string_view name;
    std::int64_t seconds;
  };
  constexpr std::array kUnits{Unit{"s", 1}, Unit{"min", 60}, Unit{"h", 3600}, Unit{"d", 86400},
                              Unit{"w", 604800}};
  for (const Unit& one : kUnits)
    if (one.name == unit) return one.seconds;
  return std::nullopt;
}

std::optional<std::int64_t> parse_ago(std::string_view text, std::int64_t now) {
  const std::size_t end = text.find_first_not_of("0123456789");
  if (end == std::string_view::npos) return std::nullopt;
  std::uint64_t count = 0;
  const auto unit = seconds_in(text.substr(end));
  if (!unit || !parse_decimal(text.substr(0, end), count)) return std::nullopt;
  const auto most = static_cast<std::uint64_t>(kMostSeconds / *unit);
  if (count > most) return std::nullopt;
  return now - static_cast<std::int64_t>(count) * *unit * kSecond;
}

bool take_number(std::string_view& text, std::size_t digits, int& value) {
  std::uint64_t number = 0;
  if (text.size() < digits || !parse_decimal(text.substr(0, digits), number)) return false;
  value = static_cast<int>(number);
  text.remove_prefix(digits);
  return true;
}

// "hh:mm" and ":ss", or nothing.
bool take_clock(std::string_view& text, std::tm& time) {
  if (text.empty()) return true;
  if (text.front() != ' ' && text.front() != 'T') return false;
  text.remove_prefix(1);
  if (!take_number(text, 2, time.tm_hour) || !consume_prefix(text, ":") || !take_number(text, 2, time.tm_min))
    return false;
  return !consume_prefix(text, ":") || take_number(text, 2, time.tm_sec);
}

std::string formatted(std::int64_t time, bool utc) {
  const std::time_t seconds = time / kSecond;
  std::tm parts{};
  utc ? ::gmtime_r(&seconds, &parts) : ::localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), utc ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M", &parts);
  return text.data();
}

}  // namespace

std::int64_t current_time() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now) {
  if (const auto ago = parse_ago(text, now)) return ago;
  const bool utc = text.ends_with('Z');
  if (utc) text.remove_suffix(1);
  std::tm time{};
  time.tm_isdst = -1;
  const bool date = take_number(text, 4, time.tm_year) && consume_prefix(text, "-") &&
                    take_number(text, 2, time.tm_mon) && consume_prefix(text, "-") &&
                    take_number(text, 2, time.tm_mday);
  if (!date || !take_clock(text, time) || !text.empty()) return std::nullopt;
  const bool right = time.tm_year >= 1970 && time.tm_year < 2200 && time.tm_mon >= 1 && time.tm_mon <= 12 &&
                     time.tm_mday >= 1 && time.tm_mday <= 31 && time.tm_hour < 24 && time.tm_min < 60 &&
                     time.tm_sec < 60;
  if (!right) return std::nullopt;
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  const int day = time.tm_mday;
  const std::time_t seconds = utc ? ::timegm(&time) : std::mktime(&time);
  if (time.tm_mday != day) return std::nullopt;  // the 31st of a shorter month
  return static_cast<std::int64_t>(seconds) * kSecond;
}

std::string local_time(std::int64_t time) {
  return formatted(time, false);
}

std::string utc_time(std::int64_t time) {
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%09dZ", static_cast<int>(time % kSecond));
  return formatted(time, true) + fraction.data();
}

}  // namespace microstage::cli
