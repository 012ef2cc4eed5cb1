#pragma once
// The files of a dataset at one commit, or of one path in it. Threads: one at a time.

#include <string>
#include <vector>

#include "lib/annex/key.h"
#include "lib/repo/limits.h"
#include "lib/repo/object_database.h"
#include "lib/repo/section_plan.h"

namespace microstage::repo {

struct DatasetTree {
  std::optional<DatasetId> dataset;
  std::vector<PlannedFile> files;
  std::vector<annex::Key> keys;  // PlannedFile::key is a place in it
  std::vector<Subdataset> subdatasets;
  std::uint64_t entries = 0;  // files and directories, annexed or not
};

// `root` is a commit's tree; `path` a file or directory in it, "" for all. Files that are not annexed are
// left out. Errors: not_found for a path that is not there or that is in a subdataset, integrity for what is
// damaged, invalid for what goes beyond the limits.
[[nodiscard]] Result<DatasetTree> read_tree(const ObjectDatabase& objects, const ObjectId& root,
                                            std::string_view path, const Limits& limits);

// The dataset's id, which a commit whose tree is `root` has in .datalad/config; nothing without one.
[[nodiscard]] Result<std::optional<DatasetId>> read_dataset_id(const ObjectDatabase& objects,
                                                               const ObjectId& root, const Limits& limits);

}  // namespace microstage::repo
