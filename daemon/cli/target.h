#pragma once
// What a person names on the command line, as the ledger knows it: a dataset by path, id or alias; a file or
// directory in one, by its keys; a key; a request, job or pin by its id.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/ledger/reader.h"

namespace microstage::cli {

struct TargetOptions {
  std::string target;  // "" is everything
  std::string path;    // of a file or directory in the dataset
  std::string at;      // of a commit; "" is HEAD
  std::string store;   // where ids and aliases are looked for
};

struct TargetKey {
  std::string path;  // of the first file that has it
  std::optional<std::uint64_t> bytes;
};

struct Target {
  std::string dataset;                           // its id, where there is one
  std::optional<std::vector<std::string>> keys;  // where not all of the dataset is meant
  std::string id;                                // of a request, job or pin
  bool is_key = false;                           // a key was named
  std::map<std::string, TargetKey> known;        // keys of the dataset, where it could be read
};

// Errors: not_found for what is nowhere; those of reading a dataset, where its keys are needed.
[[nodiscard]] Result<Target> resolve_target(ledger::Reader& reader, const TargetOptions& options);

// The ledger that the option names; without one the default.
[[nodiscard]] std::string ledger_path(const std::string& option);

}  // namespace microstage::cli
