#pragma once
// Reads a file back from the medium that it was written to.
//
// Threads: one at a time for each file; nobody else uses it meanwhile.

#include <cstdint>
#include <stop_token>

#include "lib/core/hash.h"
#include "lib/core/result.h"
#include "lib/fs/file.h"

namespace microstage::transfer {

// Hashes the `size` bytes of a file that has been fsynced, past the page cache: by direct I/O where the file
// system can do that, else after the cache was told to forget them. Errors: source_changed where it is
// shorter.
[[nodiscard]] Status hash_from_medium(const fs::File& file, std::uint64_t size, Hasher& hasher,
                                      const std::stop_token& stop);

}  // namespace microstage::transfer
