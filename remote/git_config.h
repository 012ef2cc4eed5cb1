#pragma once
// git's configuration as git itself resolves it over all scopes: files, includes, -c and GIT_CONFIG_COUNT.
// Pure, but for load_git_config, which starts git once.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/result.h"

namespace microstage::remote {

class GitConfig {
 public:
  // The output of `git config --null --list`: entries NAME\nVALUE\0, or NAME\0 for a bare name, which means
  // true.
  [[nodiscard]] static GitConfig parse(std::string_view listing);

  // The value that counts (the last one). Names as git prints them: section and variable in lower case.
  [[nodiscard]] std::optional<std::string> value(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> values(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> remotes() const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> instead_of() const;  // {base, prefix}

 private:
  std::multimap<std::string, std::string> entries_;  // equal names in order of appearance
};

[[nodiscard]] Result<GitConfig> load_git_config();

// Will git-annex surely compare what we retrieve with its key? It skips that when unverified downloads are
// allowed (ACKTHPPT, for the remote or for all) and verification is off (for the remote or for all). Without
// knowing the remote's name, any remote's setting counts. `git annex -c` is invisible to us, so a false "yes"
// is possible: callers compare all the same and only choose by this answer what git-annex may see on the way.
[[nodiscard]] bool git_annex_verifies(const GitConfig& config, const std::optional<std::string>& remote_name);

}  // namespace microstage::remote
