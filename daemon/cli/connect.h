#pragma once
// `microstage connect`: one dataset or a tree of them, several at once.

#include <string>

#include "daemon/cli/command.h"

namespace microstage::cli {

struct ConnectOptions {
  std::string dataset = ".";
  std::string store;
  std::string name = "capacity";
  std::string alias;
  std::string shared;
  bool verify_once = false;
  bool only_microstage = false;
  bool http = false;
  bool recursive = false;
  unsigned jobs = 2;
  bool json = false;
};

[[nodiscard]] ExitStatus run_connect(const ConnectOptions& options);

}  // namespace microstage::cli
