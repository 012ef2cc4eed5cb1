#pragma once
// core.sharedRepository of a dataset in the store. Objects are written without starting git, so the one value
// that matters is read here.

#include "lib/fs/directory.h"

namespace microstage::store {

// What the dataset's `config` says; without the file, the value or a meaning of it, the umask decides.
[[nodiscard]] fs::Sharing read_shared_repository(const fs::Directory& dataset);

// The annex uuid of the remote that the dataset's content belongs to (datalad.ora-remote.uuid), as the
// dataset's `config` names it; empty when it names none.
[[nodiscard]] std::string read_storage_uuid(const fs::Directory& dataset);

// The same, of the text of a `config`.
[[nodiscard]] std::string storage_uuid_value(std::string_view config);

// The value of core.sharedRepository in the text of a git configuration file; empty when it is not set.
[[nodiscard]] std::string shared_repository_value(std::string_view config);

}  // namespace microstage::store
