#pragma once
// Text that is safe to print and to send: names are bytes, need not be UTF-8, and may be hostile.
// Pure functions; any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace microstage {

// `bytes` on one line: each control character becomes a blank, runs of blanks become one. Other bytes stay.
[[nodiscard]] std::string one_line(std::string_view bytes);

// The length of the valid UTF-8 sequence that `s` begins with, 0 if there is none (overlong forms, surrogates
// and values beyond U+10FFFF are invalid). `s` is not empty.
[[nodiscard]] std::size_t utf8_length(std::string_view s);

// A JSON string with its quotes. Valid UTF-8 stays; each other byte b becomes the lone surrogate \udcXX (XX =
// b), which Python's surrogateescape and control::parse_json_line turn back into the byte: reversible for any
// input.
[[nodiscard]] std::string json_string(std::string_view bytes);

// "262.5 kB", "10.0 GB": decimal units, as file systems are sold and quotas are given.
[[nodiscard]] std::string human_size(std::uint64_t bytes);

// Two lower-case digits for each byte.
[[nodiscard]] std::string hex(std::span<const unsigned char> bytes);

[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

// True and the rest in `text` when `text` begins with `prefix`.
[[nodiscard]] bool consume_prefix(std::string_view& text, std::string_view prefix);

// The whole of `text` as a decimal number; false on anything else, also on overflow.
[[nodiscard]] bool parse_decimal(std::string_view text, std::uint64_t& value);

// A size as people write it: "1500", "64KiB", "1.5 GB", "10g" (a unit without "i" counts in thousands, case
// does not matter). Nothing for anything else, also when it does not fit.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace microstage
