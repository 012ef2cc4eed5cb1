#include "daemon/core/retry.h"

#include <algorithm>
#include <cmath>

namespace microstage::core {
namespace {

// Attempts before a transfer is parked; 0: it is hopeless at once.
unsigned bound(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::transient:
      return 8;
    case ErrorKind::durability:
      return 4;
    case ErrorKind::source_changed:
      return 3;
    case ErrorKind::integrity:
      return 2;  // once more, from wherever git-annex takes it then
    case ErrorKind::bug:
      return 2;
    default:
      return 0;
  }
}

}  // namespace

Verdict judge(ErrorKind kind, unsigned attempts) {
  if (is_space(kind) || scope(kind) == ErrorScope::tier || kind == ErrorKind::cancelled ||
      kind == ErrorKind::stale_lease) {
    return Verdict::again_freely;
  }
  if (bound(kind) == 0) return Verdict::hopeless;
  return attempts < bound(kind) ? Verdict::again_later : Verdict::park;
}

Duration backoff(const Settings& settings, unsigned attempts, double random) {
  const double doubled = std::ldexp(1.0, static_cast<int>(std::min(attempts, 30U)) - 1);
  const double limit = static_cast<double>(settings.backoff_limit.count());
  const double longest = std::min(limit, static_cast<double>(settings.backoff_first.count()) * doubled);
  // Half of it for sure, so that a retry is never at once.
  return Duration(static_cast<Duration::rep>(longest * (0.5 + 0.5 * random)));
}

bool blames_tier(ErrorKind kind) {
  return kind == ErrorKind::transient || kind == ErrorKind::durability || kind == ErrorKind::mount_sick;
}

bool is_space(ErrorKind kind) {
  return kind == ErrorKind::space_bytes || kind == ErrorKind::space_inodes || kind == ErrorKind::space_quota;
}

}  // namespace microstage::core
