#pragma once
// What git's configuration, as git itself resolves it over all scopes (files, includes, -c and
// GIT_CONFIG_COUNT), means for a retrieve.

#include <optional>
#include <string>

#include "lib/annex/git_config.h"
#include "lib/core/result.h"

namespace microstage::remote {

using annex::GitConfig;

// What git takes for a boolean; nothing for any other text.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);

// Starts git once. Errors: invalid also when DataLad was told to override settings that concern us in a way
// that git does not know: going on without them could lead to another store.
[[nodiscard]] Result<GitConfig> load_git_config();

// Will git-annex surely compare what we retrieve with its key? It skips that when unverified downloads are
// allowed (ACKTHPPT, for the remote or for all) and verification is off (for the remote or for all). Without
// knowing the remote's name, any remote's setting counts. `git annex -c` is invisible to us, so a false "yes"
// is possible: callers compare all the same and only choose by this answer what git-annex may see on the way.
[[nodiscard]] bool git_annex_verifies(const GitConfig& config, const std::optional<std::string>& remote_name);

}  // namespace microstage::remote
