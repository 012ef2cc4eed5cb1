#pragma once
// `microstage where`: which copies there are, and when each was last proven.

#include <string>

#include "daemon/cli/command.h"
#include "daemon/cli/target.h"

namespace microstage::cli {

struct WhereOptions {
  TargetOptions target;
  std::string ledger;
  bool files = false;
  bool json = false;
};

[[nodiscard]] ExitStatus run_where(const WhereOptions& options);

}  // namespace microstage::cli
