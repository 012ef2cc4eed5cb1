#pragma once
// Copies of a ledger that anybody can query: one file, complete and verified, no log beside it.
//
// Threads: any.

#include <string>

#include "lib/core/result.h"
#include "lib/fs/file_ops.h"
#include "lib/ledger/chain.h"

namespace microstage::ledger {

// Copies the ledger `from`, also while a daemon writes it, to the file `to`: under a temporary name,
// verified, durable, then renamed over what was there. Returns the copy's head. Fails with `invalid` when
// `to` is a ledger in use; `integrity` when the copy does not verify, and then `to` is as it was.
[[nodiscard]] Result<Head> backup(fs::FileOps& ops, const std::string& from, const std::string& to);

}  // namespace microstage::ledger
