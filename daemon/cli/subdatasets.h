#pragma once
// The subdatasets of a dataset, as git records them: every gitlink in the index.

#include <string>
#include <vector>

#include "lib/core/result.h"

namespace microstage::cli {

struct Subdataset {
  std::string path;  // absolute
  bool installed = false;
};

// Of `dataset` and of all installed ones below, parents before children. None of somebody else's
// dataset, which git is not let near.
[[nodiscard]] Result<std::vector<Subdataset>> list_subdatasets(const std::string& dataset);

}  // namespace microstage::cli
