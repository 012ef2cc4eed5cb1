#pragma once
// What the core answers: events for the ledger, and effects. The caller appends the events in one transaction
// and performs the effects after the commit. An effect may be lost with the daemon: it derives from state, so
// the core asks again after a restart or a time-out, and whoever receives it must bear to get it twice.
//
// Threads: values.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/input.h"
#include "lib/ledger/event.h"

namespace microstage::core {

// Find out which keys the job is about; answered by Planned or PlanFailed with the same number.
struct PlanJob {
  std::string job;
  std::uint64_t plan = 0;
  std::string dataset;
  Action action = Action::stage;
  std::string from;
  std::string to;
};

struct GiveLease {
  std::string mover;
  std::uint64_t token = 0;
  std::string job;
  std::string dataset;
  Action action = Action::stage;
  std::string from;
  std::string to;
  std::vector<std::string> move;  // keys to move (or to drop, or to verify), in this order
  std::vector<std::string> look;  // keys that should be there: to be looked at only
};
// Give the lease back: after the key at hand, or at once.
struct EndLease {
  std::string mover;
  std::uint64_t token = 0;
  bool at_once = false;
};
// The token is not, or no longer, good: stop, and change nothing.
struct Fence {
  std::string mover;
  std::uint64_t token = 0;
};

struct Grant {
  std::uint64_t grant = 0;
};
struct RefuseGrant {
  std::uint64_t grant = 0;
  Error error;
};

using Effect = std::variant<PlanJob, GiveLease, EndLease, Fence, Grant, RefuseGrant>;

struct Step {
  std::vector<ledger::Event> events;
  std::vector<Effect> effects;
};

}  // namespace microstage::core
