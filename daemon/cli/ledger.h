#pragma once
// `microstage ledger verify` and `microstage ledger backup`: what can be done to the ledger's file itself.

#include <string>
#include <vector>

#include "daemon/cli/command.h"

namespace microstage::cli {

struct LedgerOptions {
  std::string ledger;              // empty: ledger::default_path()
  std::vector<std::string> heads;  // of verify, as "SEQ:HASH"
  bool projections = false;        // of verify
  std::string target;              // of backup
  bool json = false;
};

[[nodiscard]] ExitStatus run_ledger_verify(const LedgerOptions& options);
[[nodiscard]] ExitStatus run_ledger_backup(const LedgerOptions& options);

}  // namespace microstage::cli
