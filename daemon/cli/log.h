#pragma once
// `microstage log`: the events of the ledger, newest first, or what they add up to.

#include <optional>
#include <string>

#include "daemon/cli/command.h"
#include "daemon/cli/target.h"

namespace microstage::cli {

struct LogOptions {
  TargetOptions target;
  std::string ledger;
  std::string request;
  std::string user;
  std::string host;
  std::string tier;
  std::string result;
  std::string type;
  std::string text;
  std::string since;
  std::string until;
  std::optional<std::uint64_t> before;
  std::size_t limit = 100;
  bool totals = false;
  bool json = false;
};

[[nodiscard]] ExitStatus run_log(const LogOptions& options);

}  // namespace microstage::cli
