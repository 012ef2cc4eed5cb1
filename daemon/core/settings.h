#pragma once
// What an administrator sets for the core. Times are upper bounds unless they say otherwise.
//
// Threads: values.

#include <cstdint>
#include <map>
#include <string>

#include "daemon/core/time.h"

namespace microstage::core {

using namespace std::chrono_literals;

// What one tier bears, over all transfers that read from it or write to it.
struct TierLimits {
  unsigned transfers = 16;             // at once
  std::uint64_t bytes_per_second = 0;  // 0: no limit
  std::uint64_t burst_bytes = 32ULL << 30U;
};

struct Settings {
  std::map<std::string, TierLimits> tiers;  // by name; a tier that is not here has the default limits
  std::map<std::string, unsigned> weights;  // of users in fair share, at least 1; who is not here has 1

  Duration plan_timeout = 10min;      // then the plan is asked for again
  Duration lease_timeout = 1min;      // without a heartbeat
  Duration restart_grace = 2min;      // for movers to come back after the daemon restarted
  Duration grant_timeout = 2min;      // without progress
  Duration request_limit = 24h * 90;  // then whatever is left of a request fails
  Duration park_limit = 24h * 7;      // likewise for a parked job
  Duration low_priority = 24h * 7;    // how much later work of low priority counts as having come

  Duration backoff_first = 10s;  // doubles with each attempt, with jitter
  Duration backoff_limit = 30min;
  Duration space_pause = 1min;  // until a full tier is tried again, unless it reports room before
  Duration space_patience =
      10min;  // work that waits longer for space than this lets nothing overtake it there

  unsigned breaker_failures = 5;  // in a row on a tier, of two datasets at least: then the tier rests
  Duration breaker_pause = 1min;  // doubles up to backoff_limit while it stays bad
};

}  // namespace microstage::core
