#pragma once
// `microstage ledger import`: takes spooled reports into a ledger.

#include <string>
#include <vector>

#include "daemon/cli/command.h"

namespace microstage::cli {

struct ImportOptions {
  std::vector<std::string> spools;
  std::string ledger;
  bool remove = false;
  bool json = false;
};

[[nodiscard]] ExitStatus run_ledger_import(const ImportOptions& options);

}  // namespace microstage::cli
