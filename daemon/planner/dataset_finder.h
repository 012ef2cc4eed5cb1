#pragma once
// Which datasets a target names, and where each of them is: in the store by its id, on the fast tier as a
// clone. Nothing is planned yet, but what a path needs to be understood.
//
// The clone of a dataset is: the one that a path named; below an installed superdataset, the subdataset that
// is installed there; else ROOT/ALIAS or ROOT/ID below the fast root. What is below a root or a superdataset
// is never reached through a symbolic link.
//
// Threads: const members may be called from several threads.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/core/plan/target.h"
#include "daemon/planner/dataset_repository.h"
#include "lib/repo/plan_cache.h"
#include "lib/store/ria_listing.h"

namespace microstage::planner {

struct NamedTarget {
  core::Target target;
  std::string path{};    // absolute, for what is or may be a path
  std::string source{};  // "LIST:12: " for the 12th line of a list
};

struct Dataset {
  std::string target;  // as it was named; of a subdataset its superdataset's and the path in that
  std::optional<DatasetId> id{};
  std::string alias{};                     // the first by name; "" when it has none
  std::string clone{};                     // its path on the fast tier; "" when there is none
  std::optional<repo::ObjectId> commit{};  // that its superdataset has of it; else the store's HEAD counts
  std::vector<std::string> paths{};        // in it; none: all of it
};

struct Failure {
  std::string target;
  Error error;
};

struct FoundDatasets {
  std::vector<Dataset> datasets;
  std::vector<Failure> failures;
};

class DatasetFinder {
 public:
  // `fast_root` may be "". `ops`, `cache` and `store` must live longer. Errors: what makes listing the
  // store's aliases impossible; mount_sick when the fast root is not there.
  [[nodiscard]] static Result<DatasetFinder> open(fs::FileOps& ops, repo::PlanCache& cache,
                                                  const store::RiaStore& store, const std::string& fast_root);

  [[nodiscard]] FoundDatasets find(const NamedTarget& target) const;
  // Every dataset of the store, whether it has an alias or not.
  [[nodiscard]] FoundDatasets all() const;

  // A subdataset. Error: not_found when it is not installed and nothing says which one it is.
  [[nodiscard]] Result<Dataset> find_subdataset(const Dataset& parent, const repo::Subdataset& one) const;

 private:
  DatasetFinder(fs::FileOps& ops, repo::PlanCache& cache, const store::RiaStore& store)
      : ops_(&ops), cache_(&cache), store_(&store) {}
  void find_aliases(const std::string& text, FoundDatasets& found) const;
  [[nodiscard]] Result<Dataset> by_id(const std::string& target, const DatasetId& id,
                                      const std::string& alias) const;
  [[nodiscard]] Result<Dataset> by_path(const std::string& target, const DatasetRepository& place) const;
  [[nodiscard]] Result<Dataset> descend(Dataset dataset, std::string repository, std::string below) const;
  [[nodiscard]] Result<std::string> clone_of(const DatasetId& id, const std::string& alias) const;
  [[nodiscard]] Result<std::string> installed_at(const std::string& clone, const std::string& path) const;
  [[nodiscard]] std::string alias_of(const DatasetId& id) const;
  [[nodiscard]] Result<bool> is_stored_at(const std::string& path, const DatasetId& id) const;

  fs::FileOps* ops_;
  repo::PlanCache* cache_;
  const store::RiaStore* store_;
  std::optional<fs::Directory> fast_root_;
  std::vector<store::RiaAlias> aliases_;
  std::vector<std::string_view> names_;                       // of aliases_
  std::unordered_map<std::string, std::size_t> first_alias_;  // of a dataset: its place in aliases_
};

}  // namespace microstage::planner
