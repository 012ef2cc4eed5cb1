#pragma once
// One taxonomy of errors for every part of microstage. An Error says what went wrong in one line for people,
// and in `kind` what a scheduler may do about it: whether a retry can help and how far the trouble reaches.
//
// Threads: values; safe to copy between threads.

#include <string>
#include <string_view>

namespace microstage {

enum class ErrorKind {
  transient,       // may pass by itself: EINTR storms, EBUSY, a time-out
  mount_sick,      // the tier itself is missing or unwell: ESTALE, ENOTCONN, unmounted store
  space_bytes,     // ENOSPC, no blocks left
  space_inodes,    // ENOSPC, no inodes left
  space_quota,     // EDQUOT
  permission,      // EACCES, EPERM, EROFS: a retry by the same user cannot help
  source_changed,  // what was being copied is not what it was when the copy began
  integrity,       // bytes do not match the key
  durability,      // fsync or close failed: the bytes may not be on the medium
  stale_lease,     // a newer owner exists
  not_found,       // the named thing does not exist, and the place where it would be could be looked at
  invalid,         // bad input or configuration; the message says what to change
  unsupported,     // a valid request that this program cannot serve
  cancelled,       // we were asked to stop
  bug,             // an invariant of ours does not hold
};

// How far an error reaches: this item, everything on the tier, or the whole request.
enum class ErrorScope { item, tier, request };

struct Error {
  ErrorKind kind = ErrorKind::bug;
  std::string message;  // one line: what, where, what to do
  int code = 0;         // errno where there was one
};

[[nodiscard]] bool retryable(ErrorKind kind);
[[nodiscard]] ErrorScope scope(ErrorKind kind);
[[nodiscard]] std::string_view name(ErrorKind kind);

// The error of a failed system call. `doing` is "write /data/store/x"; the text of `code` is appended. ENOSPC
// is reported as space_bytes; fs::classify_space tells whether inodes were what ran out.
[[nodiscard]] Error system_error(int code, std::string_view doing);

}  // namespace microstage
