#pragma once
// `microstage plan`: what staging, archiving or releasing datasets would move. Reads only.

#include <string>
#include <vector>

#include "daemon/cli/command.h"

namespace microstage::cli {

struct PlanOptions {
  std::vector<std::string> targets;
  std::string from_file;  // "-" is standard input
  std::string store;
  std::string fast_root;
  std::string action = "stage";
  bool all = false;
  bool recursive = false;
  bool files = false;
  bool json = false;
};

// Errors are printed at the end. Status: kFailed when a dataset could not be planned, kNoSuchThing when
// nothing at all is there of what was named.
[[nodiscard]] ExitStatus run_plan(const PlanOptions& options);

}  // namespace microstage::cli
