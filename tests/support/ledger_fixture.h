#pragma once
// Ledgers of a test's own, and events to fill them with.

#include <string>
#include <vector>

#include "lib/ledger/ledger.h"
#include "lib/ledger/reader.h"
#include "tests/support/catch.h"
#include "tests/support/scratch.h"

namespace microstage::testing {

// A transfer of a key of its own for each number.
inline ledger::Event transfer_event(unsigned number) {
  ledger::Event event;
  event.type = ledger::EventType::transfer_finished;
  event.time = 1'700'000'000'000'000'000 + static_cast<std::int64_t>(number) * 1'000'000'007;
  event.dataset = std::string{kDatasetId};
  event.key = "SHA256E-s1000--" + std::to_string(number) + ".tif";
  event.from = "fast";
  event.to = "capacity";
  event.actor = number % 3 == 0 ? "alice" : "bob";
  event.host = "node" + std::to_string(number % 5);
  event.program = "git-annex-remote-microstage 0.1.0";
  event.verified = "hash";
  event.basis = number % 2 == 0 ? "proof" : "claim";
  event.bytes = 1000 + number;
  event.duration = 5000 + number;
  return event;
}

template <class T>
T take(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

inline void require_good(const Status& status) {
  if (!status) FAIL(status.error().message);
}

}  // namespace microstage::testing
