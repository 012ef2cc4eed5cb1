#pragma once
// What an error of a transfer means for its next attempt: bounds by kind, back-off with jitter.
//
// Threads: pure.

#include "daemon/core/settings.h"
#include "lib/core/error.h"

namespace microstage::core {

enum class Verdict {
  again_later,   // an attempt is used up
  again_freely,  // no attempt of this transfer: space, the tier, or somebody's wish was in the way
  park,          // until somebody mends the cause
  hopeless,      // nothing that waiting could mend
};

// After `attempts` attempts, this one among them.
[[nodiscard]] Verdict judge(ErrorKind kind, unsigned attempts);

// How long to wait before the next attempt; `random` is in [0, 1).
[[nodiscard]] Duration backoff(const Settings& settings, unsigned attempts, double random);

// Whether such an error on a tier says something about the tier.
[[nodiscard]] bool blames_tier(ErrorKind kind);
[[nodiscard]] bool is_space(ErrorKind kind);

}  // namespace microstage::core
