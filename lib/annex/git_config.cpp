#include "lib/annex/git_config.h"

#include <algorithm>
#include <set>

#include "lib/core/text.h"

namespace microstage::annex {

GitConfig GitConfig::parse(std::string_view listing) {
  GitConfig config;
  while (!listing.empty()) {
    const std::size_t end = std::min(listing.find('\0'), listing.size());
    const std::string_view entry = listing.substr(0, end);
    const std::size_t newline = entry.find('\n');
    const std::string_view value = newline == std::string_view::npos ? "true" : entry.substr(newline + 1);
    config.entries_.emplace(entry.substr(0, newline), value);
    listing.remove_prefix(std::min(end + 1, listing.size()));
  }
  return config;
}

std::vector<std::string> GitConfig::values(const std::string& name) const {
  std::vector<std::string> found;
  const auto [begin, end] = entries_.equal_range(name);
  for (auto entry = begin; entry != end; ++entry)
    found.push_back(entry->second);
  return found;
}

std::optional<std::string> GitConfig::value(const std::string& name) const {
  const auto end = entries_.upper_bound(name);
  if (end == entries_.begin()) return std::nullopt;
  const auto last = std::prev(end);
  if (last->first != name) return std::nullopt;
  return last->second;
}

bool GitConfig::has_section(const std::string& prefix) const {
  const auto next = entries_.lower_bound(prefix);
  return next != entries_.end() && next->first.starts_with(prefix);
}

std::vector<std::string> GitConfig::subsections(const std::string& section) const {
  const std::string prefix = section + ".";
  std::set<std::string> names;
  for (auto entry = entries_.lower_bound(prefix); entry != entries_.end(); ++entry) {
    std::string_view name = entry->first;
    if (!consume_prefix(name, prefix)) break;
    const std::size_t dot = name.rfind('.');
    if (dot != std::string_view::npos) names.emplace(name.substr(0, dot));
  }
  return {names.begin(), names.end()};
}

std::vector<std::pair<std::string, std::string>> GitConfig::instead_of() const {
  constexpr std::string_view suffix = ".insteadof";
  std::vector<std::pair<std::string, std::string>> rules;
  for (const auto& [name, value] : entries_) {
    std::string_view base = name;
    if (!consume_prefix(base, "url.") || !base.ends_with(suffix)) continue;
    base.remove_suffix(suffix.size());
    rules.emplace_back(base, value);
  }
  return rules;
}

}  // namespace microstage::annex
