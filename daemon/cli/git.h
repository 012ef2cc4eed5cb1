#pragma once
// git and git-annex, run in one repository, without its hooks.
//
// Threads: const members may be called from several threads.

#include <string>
#include <vector>

#include "lib/annex/git_config.h"
#include "lib/core/result.h"
#include "lib/fs/file.h"
#include "lib/fs/process.h"

namespace microstage::cli {

using Arguments = std::vector<std::string>;

using annex::GitConfig;

class Git {
 public:
  explicit Git(std::string directory) : directory_(std::move(directory)) {}
  // In a directory that is open already, see read_config_file.
  explicit Git(const fs::File& directory);

  [[nodiscard]] const std::string& directory() const { return directory_; }

  // Runs to the end, whatever the exit status; only a git that cannot be started is an error.
  [[nodiscard]] Result<fs::ProcessResult> run(const Arguments& arguments) const;
  // Standard output; an exit status other than 0 is an error that holds git's own words.
  [[nodiscard]] Result<std::string> output(const Arguments& arguments) const;
  // git-annex, with `first_in_path` (a directory, or nothing) before PATH.
  [[nodiscard]] Status annex(const Arguments& arguments, const std::string& first_in_path = {}) const;

  [[nodiscard]] Result<GitConfig> config() const;
  [[nodiscard]] Status set_config(const std::string& name, const std::string& value) const;
  [[nodiscard]] Status add_config(const std::string& name, const std::string& value) const;

 private:
  [[nodiscard]] Arguments command(const Arguments& arguments) const;
  std::string directory_;
  std::string start_ = directory_;  // where git is sent
};

// A single configuration file, without its includes. It is open already: git is not led to it by a path that
// somebody else may turn elsewhere meanwhile.
[[nodiscard]] Result<GitConfig> read_config_file(const fs::File& file);

// How a child reaches what is open here, as long as it is.
[[nodiscard]] std::string path_of(const fs::File& file);

// Forgets the variables by which a calling git (a hook, say) would bind us to its repository. Call before any
// thread starts.
void forget_calling_repository();

}  // namespace microstage::cli
