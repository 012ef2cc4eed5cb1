#pragma once
// Brings an object's bytes to the path that git-annex names for a retrieve. That path (.git/annex/tmp/KEY) is
// shared by every remote of a clone, git-annex reads it while it grows, and it may become the annexed object
// at any moment; so each way of writing keeps these promises:
//   - the file at the path only grows, and its length is a prefix that others may resume from;
//   - bytes that turned out wrong never stay at the path;
//   - a file that has been handed over is never written again.
//
// Threads: calls for different paths may run side by side; calls for one path exclude each other by a lock.

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "lib/core/hash.h"
#include "lib/core/result.h"
#include "lib/fs/file_ops.h"
#include "lib/transfer/source.h"

namespace microstage::transfer {

enum class DeliveryMode {
  follow,       // grow the file in place: git-annex hashes it meanwhile
  verify_once,  // fill a private file and rename it over the path once its digest is right: nobody else
                // checks
};

struct Delivery {
  std::string path;               // as git-annex gave it
  std::string private_directory;  // for files not yet shown; made when missing
  std::string private_name;       // one plain name, the same for each attempt at this object
  std::optional<Digest> digest;   // none: only the size can be checked
  DeliveryMode mode = DeliveryMode::follow;
  std::function<void(std::uint64_t bytes)> progress;
  // Called after each write with the bytes in place; may block, to keep to a rate or let a reader keep up.
  std::function<void(std::uint64_t bytes)> pace;
  std::stop_token stop;
};

// Below this an object is always filled privately and renamed: following it costs git-annex more than a
// second read.
inline constexpr std::uint64_t kSmallObject = std::uint64_t{1} << 20U;

// Errors: integrity when the source is damaged (nothing of it stays); transient when somebody else is writing
// or has replaced the file, or an earlier partial was damaged (it is removed); cancelled and the rest leave a
// valid prefix.
[[nodiscard]] Status deliver(fs::FileOps& ops, Source& source, const Delivery& delivery);

}  // namespace microstage::transfer
