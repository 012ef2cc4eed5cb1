#pragma once
// Notes on members of an archive that were found damaged. A loose object is moved out of the way; a member
// cannot be, and its size goes on looking right: without a note the next process would vouch for it, and the
// last good copy elsewhere could be dropped. Notes lie in .microstage/damaged/KEY of the dataset; each names
// the state of the archive that it is about, and means nothing when that was replaced.
//
// Threads: any.

#include "lib/annex/key.h"
#include "lib/fs/temporary_file.h"

namespace microstage::store {

inline constexpr const char* kDamagedMembers = ".microstage/damaged";  // below a dataset

// Is there a note on this key and this state of the archive?
[[nodiscard]] Result<bool> is_noted_damaged(const fs::Directory& dataset, const annex::Key& key,
                                            const fs::FileStatus& archive);

// Writes the note into `temporary`, a file on the same file system, and publishes it in `notes`.
[[nodiscard]] Status note_damaged(const fs::Directory& notes, fs::TemporaryFile& temporary,
                                  const annex::Key& key, const fs::FileStatus& archive);

}  // namespace microstage::store
