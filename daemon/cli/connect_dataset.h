#pragma once
// Connects one dataset to a store: a place in the store, the special remotes, a git sibling. Each step is
// idempotent, refusals come before the first change, and a rerun finishes what a failure left.

#include <optional>
#include <string>
#include <vector>

#include "lib/core/ids.h"
#include "lib/core/result.h"

namespace microstage::cli {

struct ConnectRequest {
  std::string dataset;
  std::string store_path;  // absolute
  std::string sibling = "capacity";
  std::optional<Alias> alias;
  std::optional<std::string>
      sharing;  // core.sharedRepository of a new dataset in the store; else as the store's root
  bool verify_once = false;
  bool only_microstage = false;
  bool http = false;
};

struct Connection {
  std::string path;  // of the clone
  std::string id;
  std::string place;    // in the store
  std::string storage;  // name of the special remote
  std::string ora;      // of its ORA partner, or empty
  std::string uuid;
  std::vector<std::string> changes;  // in words; empty when all was in place
};

[[nodiscard]] Result<Connection> connect_dataset(const ConnectRequest& request);

}  // namespace microstage::cli
