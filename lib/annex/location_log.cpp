#include "lib/annex/location_log.h"

#include <algorithm>

#include "lib/core/text.h"

namespace microstage::annex {

namespace {

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Calls `take` for each line; both \n and \r end one.
template <class Take>
void for_each_line(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    if (end != 0) take(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

// The text before the first blank, which is removed with it; false where there is no blank.
bool take_word(std::string_view& line, std::string_view& word) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return false;
  word = line.substr(0, blank);
  line.remove_prefix(blank + 1);
  return true;
}

}  // namespace

bool LogTime::parse(std::string_view text) {
  if (text.ends_with('s')) text.remove_suffix(1);
  const std::size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string_view fraction = point == std::string_view::npos ? "0" : text.substr(point + 1);
  if (whole.empty() || fraction.empty() || !is_digits(whole) || !is_digits(fraction)) return false;
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  whole_ = whole;
  fraction_ = fraction.substr(0, fraction.find_last_not_of('0') + 1);
  known_ = true;
  return true;
}

bool LogTime::is_newer_than(const LogTime& other) const {
  if (known_ != other.known_) return known_;
  if (whole_.size() != other.whole_.size()) return whole_.size() > other.whole_.size();
  if (whole_ != other.whole_) return whole_ > other.whole_;
  return fraction_ > other.fraction_;
}

void LocationLog::merge(std::string_view text) {
  for_each_line(text, [this](std::string_view line) {
    std::string_view time_text;
    std::string_view status;
    Entry entry;
    if (!take_word(line, time_text) || !entry.time.parse(time_text)) return;
    if (!take_word(line, status) || line.empty() || status.size() != 1) return;
    entry.status = status.front();
    if (entry.status != '0' && entry.status != '1' && entry.status != 'X') return;
    const auto known = entries_.find(line);
    if (known == entries_.end()) {
      entries_.emplace(line, std::move(entry));
    } else if (entry.time.is_newer_than(known->second.time)) {
      known->second = std::move(entry);
    }
  });
}

std::vector<std::string> LocationLog::present() const {
  std::vector<std::string> uuids;
  for (const auto& [uuid, entry] : entries_)
    if (entry.status == '1') uuids.push_back(uuid);
  return uuids;
}

void RepositoryLog::merge(std::string_view text) {
  for_each_line(text, [this](std::string_view line) {
    constexpr std::string_view kTime = " timestamp=";
    Entry entry;
    if (const std::size_t time = line.rfind(kTime); time != std::string_view::npos) {
      if (!entry.time.parse(line.substr(time + kTime.size()))) return;
      line = line.substr(0, time);
    }
    std::string_view uuid = line;
    std::string_view value;
    if (take_word(line, uuid)) value = line;
    if (uuid.empty()) return;
    entry.value = value;
    const auto known = entries_.find(uuid);
    if (known == entries_.end()) {
      entries_.emplace(uuid, std::move(entry));
    } else if (!known->second.time.is_newer_than(entry.time)) {
      known->second = std::move(entry);
    }
  });
}

std::map<std::string, std::string> RepositoryLog::values() const {
  std::map<std::string, std::string> values;
  for (const auto& [uuid, entry] : entries_)
    values.emplace(uuid, entry.value);
  return values;
}

}  // namespace microstage::annex
