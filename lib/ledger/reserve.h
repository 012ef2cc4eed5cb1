#pragma once
// Room kept free for the ledger's last words: a file of some megabytes that is given up when the file system
// is full.
//
// Threads: one at a time.

#include <string>

#include "lib/core/result.h"
#include "lib/fs/file_ops.h"

namespace microstage::ledger {

class Reserve {
 public:
  Reserve(fs::FileOps& ops, std::string path, std::uint64_t bytes)
      : ops_(&ops), path_(std::move(path)), bytes_(bytes) {}

  // Makes the file, or makes it whole. On failure nothing is kept of it.
  [[nodiscard]] Status restore();
  // Removes it. It need not be there.
  [[nodiscard]] Status release();

 private:
  [[nodiscard]] Status fill();

  fs::FileOps* ops_;
  std::string path_;
  std::uint64_t bytes_;
};

}  // namespace microstage::ledger
