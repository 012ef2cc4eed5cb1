#pragma once
// Whether a ledger is what was written: every event, its hash, its place in the chain and the texts it uses.
// Stops at the first row that is not.
//
// Threads: as the Reader.

#include <optional>
#include <span>
#include <string>

#include "lib/ledger/reader.h"

namespace microstage::ledger {

struct Finding {
  std::uint64_t seq = 0;  // the event; 0 where no event is meant
  std::string what;       // one line
};

struct Verification {
  Head head;                         // of the good part
  std::optional<Finding> first_bad;  // none: all is well
};

struct VerifyOptions {
  std::span<const Head> heads;  // earlier heads, in any order: each must still be in the chain
  bool projections = false;     // also compare the projections with what the events give: some times slower
};

// Events that are appended meanwhile are verified too. Fails only when the ledger cannot be read for another
// reason than damage.
[[nodiscard]] Result<Verification> verify(Reader& reader, const VerifyOptions& options = {});

}  // namespace microstage::ledger
