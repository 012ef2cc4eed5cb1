#pragma once
// The git side of a connected clone: a remote that leads to the dataset's repository in the store, which
// git-annex leaves alone and which DataLad pushes to after the storage remote.

#include <string>

#include "daemon/cli/clone.h"
#include "lib/store/ria_store.h"

namespace microstage::cli {

// Refuses a remote of that name that leads elsewhere. Changes nothing.
[[nodiscard]] Status check_sibling(const Clone& clone, const store::RiaStore& store, const std::string& name);

// True: something was set.
[[nodiscard]] Result<bool> set_sibling(const Clone& clone, const std::string& name, const std::string& place,
                                       const std::string& storage);

// What may be a remote's name for git, git-annex and DataLad alike. Errors: invalid.
[[nodiscard]] Status check_remote_name(const std::string& name);

}  // namespace microstage::cli
