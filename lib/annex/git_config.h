#pragma once
// git's configuration, from what `git config --null --list` prints, or from one file of it. Pure; any thread.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/result.h"

namespace microstage::annex {

class GitConfig {
 public:
  // The output of `git config --null --list`: entries NAME\nVALUE\0, or NAME\0 for a bare name, which means
  // true.
  [[nodiscard]] static GitConfig parse(std::string_view listing);

  // The text of a file in git's configuration format: .datalad/config and .gitmodules of a commit. Includes
  // are not followed. Error: invalid, with the line's number.
  [[nodiscard]] static Result<GitConfig> parse_file(std::string_view text);

  // The value that counts (the last one). Names as git prints them: section and variable in lower case.
  [[nodiscard]] std::optional<std::string> value(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> values(const std::string& name) const;
  // Any variable whose name begins so: "remote.origin.".
  [[nodiscard]] bool has_section(const std::string& prefix) const;
  [[nodiscard]] std::vector<std::string> remotes() const { return subsections("remote"); }
  [[nodiscard]] std::vector<std::string> subsections(const std::string& section) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> instead_of() const;  // {base, prefix}

 private:
  std::multimap<std::string, std::string> entries_;  // equal names in order of appearance
};

}  // namespace microstage::annex
