#pragma once
// The directory of private files that verify-once retrieves fill: partial objects of interrupted retrieves
// stay in it to be resumed, but not for ever.

#include <cstdint>
#include <string>

#include "lib/fs/file_ops.h"

namespace microstage::transfer {

// Removes the files in `directory` that nobody has locked and nobody has written since `oldest` (seconds
// since 1970), then the directory and its parent where they are empty. What cannot be removed stays. Any
// thread.
void tidy_partials(fs::FileOps& ops, const std::string& directory, std::int64_t oldest);

}  // namespace microstage::transfer
