#pragma once
// A clone of a DataLad dataset, as far as connecting it needs to know it. Reading changes nothing in it.

#include <optional>
#include <string>

#include "daemon/cli/git.h"
#include "lib/core/ids.h"

namespace microstage::cli {

struct Clone {
  std::string path;           // absolute
  std::string git_directory;  // the common one, when there are several work trees
  DatasetId id;
  std::string branch;         // "main"; of an adjusted branch the one that it was adjusted from
  std::string object_format;  // "sha1"
  GitConfig config;

  [[nodiscard]] Git git() const { return Git(path); }
};

// Refuses somebody else's directory. To be asked before git looks at it: git reads, and obeys, a
// configuration there, and its own words about somebody else's repository would advise to trust it.
[[nodiscard]] Status check_owner(const std::string& path);

// Errors: not_found, permission (somebody else's), invalid (no repository, no annex, no dataset id, not its
// top).
[[nodiscard]] Result<Clone> inspect_clone(const std::string& path);

// "adjusted/main(unlocked)" -> "main"
[[nodiscard]] std::string basis_branch(std::string_view branch);

}  // namespace microstage::cli
