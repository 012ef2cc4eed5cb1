#pragma once
// The dataset that a path is in. Threads: any.

#include <string>

#include "lib/repo/repository_reader.h"

namespace microstage::planner {

struct DatasetRepository {
  repo::RepositoryReader reader;
  std::string top;    // where it is
  std::string below;  // the path, from there; "" for the dataset itself
};

// The nearest directory upwards from `path`, which is absolute and need not be there, that is a repository: a
// file that is gone from the working tree is in the dataset all the same. Errors: not_found when there is
// none; those of reading a repository.
[[nodiscard]] Result<DatasetRepository> find_repository(fs::FileOps& ops, const std::string& path);

// Whether anything is so called.
[[nodiscard]] bool is_there(fs::FileOps& ops, const std::string& path);

}  // namespace microstage::planner
