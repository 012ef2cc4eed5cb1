#include "lib/core/text.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace microstage {

std::string one_line(std::string_view bytes) {
  std::string line;
  line.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool blank = byte <= 0x20 || byte == 0x7f;
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  return line;
}

std::size_t utf8_length(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                             : first >= 0xe0 && first <= 0xef ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  if (length == 0 || s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  const unsigned char second = at(1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return length;
}

namespace {

void append_escape(std::string& out, unsigned int code) {
  std::array<char, 8> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "\\u%04x", code);
  out += buffer.data();
}

// How many bytes at the start of `s` are printable ASCII that JSON takes as it is.
std::size_t plain_length(std::string_view s) {
  std::size_t length = 0;
  while (length < s.size() && s[length] >= 0x20 && s[length] < 0x7f && s[length] != '"' && s[length] != '\\')
    ++length;
  return length;
}

}  // namespace

std::string json_string(std::string_view bytes) {
  std::string out = "\"";
  while (!bytes.empty()) {
    if (const std::size_t plain = plain_length(bytes); plain > 0) {
      out += bytes.substr(0, plain);
      bytes.remove_prefix(plain);
      continue;
    }
    const auto byte = static_cast<unsigned char>(bytes.front());
    const std::size_t length = utf8_length(bytes);
    if (length == 0) {
      append_escape(out, 0xdc00U + byte);
      bytes.remove_prefix(1);
      continue;
    }
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += bytes.front();
    } else if (byte < 0x20 || byte == 0x7f) {
      append_escape(out, byte);
    } else {
      out += bytes.substr(0, length);
    }
    bytes.remove_prefix(length);
  }
  out += '"';
  return out;
}

std::string human_size(std::uint64_t bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, units.at(unit));
  return buffer.data();
}

std::string hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool consume_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool parse_decimal(std::string_view text, std::uint64_t& value) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || text.front() == '-') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.starts_with(' '))
    text.remove_prefix(1);
  constexpr std::string_view kUnits = "bkmgtpe";
  const char letter = text.empty() ? 'b' : static_cast<char>(text.front() | 0x20);
  const std::size_t power = kUnits.find(letter);
  if (power == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(text.empty() ? 0 : 1);
  const bool binary = power > 0 && (rest == "i" || rest == "iB" || rest == "ib");
  if (!binary && !rest.empty() && (power == 0 || (rest != "B" && rest != "b"))) return std::nullopt;
  for (std::size_t i = 0; i < power; ++i)
    number *= binary ? 1024 : 1000;
  constexpr double kLimit = 18446744073709551616.0;  // 2^64
  if (!(number < kLimit)) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

}  // namespace microstage
