#pragma once
// Plans of whole datasets at HEAD or another commit, kept for as long as HEAD, the git-annex branches and the
// journal stay as they were: then a second plan costs a look at those. The same path may come to name another
// dataset; plans go by what is there.
//
// Threads: any. Reading happens outside the lock; two threads that want the same new plan both make it.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "lib/repo/repository_reader.h"

namespace microstage::repo {

class PlanCache {
 public:
  explicit PlanCache(fs::FileOps& ops, const Limits& limits = {}) : ops_(ops), limits_(limits) {}

  // Errors: those of RepositoryReader; they are not kept.
  [[nodiscard]] Result<std::shared_ptr<const SectionPlan>> plan(const std::string& path,
                                                                const std::optional<ObjectId>& commit = {});
  void forget(const std::string& path);

 private:
  struct Entry {
    RepositoryState state;
    std::shared_ptr<const SectionPlan> plan;
  };
  using Name = std::pair<std::string, ObjectId>;  // the repository's path, and the commit
  [[nodiscard]] std::shared_ptr<const SectionPlan> known(const Name& name, const RepositoryState& state);
  void keep(const Name& name, RepositoryState state, std::shared_ptr<const SectionPlan> plan);

  fs::FileOps& ops_;
  const Limits limits_;
  std::mutex mutex_;
  std::map<Name, Entry> entries_;
};

}  // namespace microstage::repo
