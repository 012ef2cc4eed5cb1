#pragma once
// `microstage init`: makes a RIA store. Idempotent.

#include <string>

#include "daemon/cli/command.h"

namespace microstage::cli {

struct InitOptions {
  std::string store;
  std::string shared;
  bool json = false;
};

[[nodiscard]] ExitStatus run_init(const InitOptions& options);

}  // namespace microstage::cli
