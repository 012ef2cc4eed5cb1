#pragma once
// The logs of the git-annex branch that say where content is: a location log a key, and the logs that say
// something once a repository (uuid.log, trust.log). Lines come in any order and more than once, for branches
// are merged by appending one to the other; so a log is folded from all texts there are of it: the newest
// line about a repository counts. What is no line of the format is skipped, as git-annex does. Pure; any
// thread.
// Source: git-annex's internals page (the git-annex branch); equal times as git-annex 10.20230126 takes them.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace microstage::annex {

// Seconds since 1970 as the logs write them, "1287290776.765152s": exact decimals of any length. Without a
// value it is older than any.
class LogTime {
 public:
  // False where `text` is no such time.
  [[nodiscard]] bool parse(std::string_view text);
  [[nodiscard]] bool is_newer_than(const LogTime& other) const;

 private:
  bool known_ = false;
  std::string whole_;     // without leading zeros
  std::string fraction_;  // without trailing zeros
};

class LocationLog {
 public:
  // Lines "TIME STATUS UUID", status 1 present, 0 absent, X dead. At equal times the line that was taken
  // first counts.
  void merge(std::string_view text);
  // The repositories that have the content by their newest line, in order of their uuids.
  [[nodiscard]] std::vector<std::string> present() const;

 private:
  struct Entry {
    LogTime time;
    char status = '0';
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

// A log with lines "UUID VALUE timestamp=TIME". A line without a time is older than any with one; at equal
// times the line that was taken last counts.
class RepositoryLog {
 public:
  void merge(std::string_view text);
  [[nodiscard]] std::map<std::string, std::string> values() const;

 private:
  struct Entry {
    LogTime time;
    std::string value;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace microstage::annex
