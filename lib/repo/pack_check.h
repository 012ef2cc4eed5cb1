#pragma once
// Whether a pack can be read at all: libgit2 never returns from one whose deltas lead to themselves, which
// git neither makes nor takes in, but which somebody may have put there by hand.
//
// Source: git's page gitformat-pack (the index of version 2; types and headers of packed objects).

#include <string>

#include "lib/fs/directory.h"

namespace microstage::repo {

// `name` is the index's in the directory "pack", "pack-….idx"; the pack beside it is looked at, too. Every
// object's header is read, none is unpacked. Errors: integrity for deltas in a circle and for an index that
// does not fit its pack; unsupported for an index of another version; invalid for one above 1 GiB.
[[nodiscard]] Status check_pack(const fs::Directory& directory, const std::string& name);

}  // namespace microstage::repo
