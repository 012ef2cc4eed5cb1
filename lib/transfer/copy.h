#pragma once
// Copies the bytes of a source to a file, hashing what passes. Sequential appends only: a destination never
// has holes and its length is always its valid prefix, for others resume from it.
//
// Large files are hashed on a second thread beside reading and writing; memory is a fixed ring of buffers per
// copy. Threads: each call uses its own files and hasher; calls may run side by side.

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "lib/core/hash.h"
#include "lib/core/result.h"
#include "lib/fs/file.h"
#include "lib/transfer/source.h"

namespace microstage::transfer {

struct CopyOptions {
  std::uint64_t size = 0;  // bytes the source must have; an earlier end is source_changed
  std::uint64_t offset =
      0;  // where to go on; bytes before it are hashed from the destination, not written again
  Hasher* hasher = nullptr;  // may be null: then nothing is hashed
  // Called before each write and at the end; an error ends the copy. For destinations that others may
  // replace.
  std::function<Status(std::uint64_t offset)> before_write;
  // Called after each write with the bytes in place; may block, to let a reader of the destination catch up.
  std::function<void(std::uint64_t bytes)> after_write;
  // Bytes in place so far; called often, must return at once.
  std::function<void(std::uint64_t bytes)> progress;
  std::stop_token stop;
  // Write-back is started while copying, and the pages of both files are dropped behind it, so that a large
  // copy does not sweep the page cache of a shared machine. This keeps the destination's: somebody reads it
  // next.
  bool keep_cached = false;
};

// Returns when all bytes are written (not yet durable). On an error the destination holds a valid prefix; but
// not after a durability error: then it must be thrown away, for what the cache shows is not what the medium
// has, and no later fsync will say so.
[[nodiscard]] Status copy_bytes(Source& source, const fs::File& destination, const CopyOptions& options);

// Hashes all bytes of `source`; an earlier end is source_changed.
[[nodiscard]] Status hash_bytes(Source& source, Hasher& hasher, const std::stop_token& stop);

}  // namespace microstage::transfer
