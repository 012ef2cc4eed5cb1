#pragma once
// What has begun and not ended: what a daemon goes on with after a restart.
//
// Threads: as the Reader.

#include <functional>

#include "lib/ledger/reader.h"

namespace microstage::ledger {

// Calls `take` for the events that opened, or last changed, the requests, jobs, leases, pins and reservations
// that have not ended, and for the ends of jobs of such requests that failed; in their order in the ledger.
// Error: what `take` fails with, too.
[[nodiscard]] Status for_each_open_event(Reader& reader, const std::function<Status(const Record&)>& take);

}  // namespace microstage::ledger
