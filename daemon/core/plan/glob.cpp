#include "daemon/core/plan/glob.h"

#include <algorithm>
#include <optional>

#include "lib/core/text.h"

namespace microstage::core {

namespace {

std::string_view take_character(std::string_view& text) {
  const std::size_t length = std::max<std::size_t>(1, utf8_length(text));
  const std::string_view character = text.substr(0, length);
  text.remove_prefix(length);
  return character;
}

// One character of a set, `\` before it or not. Nothing at the end of the pattern.
std::optional<std::string_view> take_member(std::string_view& pattern) {
  if (pattern.starts_with('\\')) pattern.remove_prefix(1);
  if (pattern.empty()) return std::nullopt;
  return take_character(pattern);
}

// What is behind the [ of a set, taken off `pattern`: whether the set has `character`. Nothing, and nothing
// taken, when no ] closes it. Bytes of UTF-8 are in the order of its characters.
std::optional<bool> take_set(std::string_view& pattern, std::string_view character) {
  std::string_view rest = pattern;
  const bool negated = consume_prefix(rest, "!") || consume_prefix(rest, "^");
  bool found = false;
  for (bool first = true;; first = false) {
    if (rest.empty()) return std::nullopt;
    if (rest.front() == ']' && !first) break;
    const auto low = take_member(rest);
    if (!low) return std::nullopt;
    auto high = low;
    if (rest.size() > 1 && rest[0] == '-' && rest[1] != ']') {
      rest.remove_prefix(1);
      high = take_member(rest);
      if (!high) return std::nullopt;
    }
    found = found || (*low <= character && character <= *high);
  }
  pattern = rest.substr(1);
  return found != negated;
}

// Whether what `pattern` begins with, which is no *, is what `text` begins with; both are taken off then.
bool take_one(std::string_view& pattern, std::string_view& text) {
  if (pattern.empty() || text.empty()) return false;
  std::string_view rest = text;
  const std::string_view character = take_character(rest);
  std::string_view after = pattern;
  const std::string_view wanted = take_character(after);
  bool same = wanted == "?" || wanted == character;
  if (wanted == "[") {
    if (const auto member = take_set(after, character)) same = *member;
  } else if (wanted == "\\" && !after.empty()) {
    same = take_character(after) == character;
  }
  if (!same) return false;
  pattern = after;
  text = rest;
  return true;
}

}  // namespace

// Only the last * is ever tried again: what the ones before it took need not be longer.
bool glob_matches(std::string_view pattern, std::string_view text) {
  std::optional<std::string_view> after_star;
  std::string_view retry;
  while (!pattern.empty() || !text.empty()) {
    if (consume_prefix(pattern, "*")) {
      after_star = pattern;
      retry = text;
    } else if (!take_one(pattern, text)) {
      if (!after_star || retry.empty()) return false;
      take_character(retry);
      pattern = *after_star;
      text = retry;
    }
  }
  return true;
}

bool has_glob(std::string_view text) {
  return text.find_first_of("*?[\\") != std::string_view::npos;
}

}  // namespace microstage::core
