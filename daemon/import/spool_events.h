#pragma once
// What the ledger records of a report that was spooled: always a claim of the file's owner. Pure; any thread.

#include <string>

#include "lib/control/report.h"
#include "lib/ledger/event.h"

namespace microstage::import {

struct Claimant {
  std::string name;  // login name, or uid:N
  std::uint64_t uid = 0;
};

// `recorded`: now, nanoseconds since 1970. The event's time is the report's, whatever the host's clock said.
// Errors: invalid when the ledger has no event for it, with why.
[[nodiscard]] Result<ledger::Event> event_of(const control::Report& report, const Claimant& who,
                                             std::uint64_t recorded);

}  // namespace microstage::import
