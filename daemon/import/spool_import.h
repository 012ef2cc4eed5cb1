#pragma once
// Takes the reports of spools into a ledger, each exactly once: how far a file was read is recorded in the
// transaction that records its reports, so that a kill, a second importer or a file that grows meanwhile
// changes nothing.
//
// Threads: one at a time, as the ledger.

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/fs/directory.h"
#include "lib/ledger/ledger.h"

namespace microstage::import {

struct BadLine {
  std::uint64_t number = 0;  // from 1
  std::string why;
};

// What became of one file.
struct ImportedSpool {
  std::string path;
  std::string owner;
  std::uint64_t lines = 0;  // taken in now
  std::uint64_t bad = 0;    // left out now
  std::uint64_t bytes = 0;  // of both
  std::vector<BadLine> examples;
  bool removed = false;
  Status state;  // why it was not, or not wholly, taken in: `invalid` when it never will be
};

// The account whose word it is; "uid:N" where there is no name.
[[nodiscard]] std::string account_name(uid_t uid);

// Takes in what is new in the file `name`. With `remove` it goes when all of it is in the ledger and nobody
// writes to it. An error only when the ledger fails.
[[nodiscard]] Result<ImportedSpool> import_spool(ledger::Ledger& ledger, const fs::Directory& directory,
                                                 const std::string& name, bool remove);

// All files of a directory that are called as spools are, by name.
[[nodiscard]] Result<std::vector<std::string>> spools_in(const fs::Directory& directory);

}  // namespace microstage::import
