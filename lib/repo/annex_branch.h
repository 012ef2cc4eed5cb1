#pragma once
// The git-annex branch as git-annex itself would see it: refs/heads/git-annex, the branches of remotes that
// it has not merged yet, and the journal, whose files stand in place of the local branch's. Only the logs of
// wanted keys are read, by way of each tree once however many keys are below it; trees and logs that branches
// have in common are read once.
//
// Not followed are transitions of a branch (git annex forget): what a remote's branch still remembers counts
// until git-annex has merged it. Threads: one at a time.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/annex/key.h"
#include "lib/repo/git_directory.h"
#include "lib/repo/git_objects.h"
#include "lib/repo/object_database.h"
#include "lib/repo/section_plan.h"

namespace microstage::repo {

// Everything that a plan depends on, and that can change.
struct RepositoryState {
  ObjectId head;
  std::map<std::string, ObjectId> annex_branches;
  std::map<std::string, fs::FileStatus> journal;
  std::map<std::string, fs::FileStatus> private_journal;

  [[nodiscard]] bool unchanged_since(const RepositoryState& earlier) const;
};

class AnnexBranch {
 public:
  AnnexBranch(const ObjectDatabase& objects, const GitDirectory& directory, const RepositoryState& state,
              const Limits& limits)
      : objects_(objects), directory_(directory), state_(state), limits_(limits) {}

  // Sets the plan's repositories and where each of its keys is; `keys` are the plan's. Error: source_changed
  // when git-annex has emptied its journal meanwhile; take the state again.
  [[nodiscard]] Status locate(const std::vector<annex::Key>& keys, SectionPlan& plan);

 private:
  struct Tree {
    Object object;
    std::vector<TreeEntry> entries;
    bool own = false;  // of refs/heads/git-annex
  };
  using Trees = std::vector<Tree>;
  struct Wanted {
    std::string directories;
    std::size_t key = 0;
  };

  [[nodiscard]] Status read_roots();
  [[nodiscard]] Status add_tree(const ObjectId& id, bool own, Trees& trees) const;
  [[nodiscard]] Result<Trees> subtrees(const Trees& trees, std::string_view name) const;
  [[nodiscard]] Result<std::vector<std::string>> texts(const Trees& trees, const std::string& path) const;
  [[nodiscard]] Result<std::set<std::string>> read_repositories(SectionPlan& plan) const;
  [[nodiscard]] Status descend(const std::string& directories);
  [[nodiscard]] Result<std::vector<std::string>> read_location(const annex::Key& key) const;

  const ObjectDatabase& objects_;
  const GitDirectory& directory_;
  const RepositoryState& state_;
  const Limits& limits_;
  Trees roots_;
  std::string last_ = "///////";  // where we are: "aaa/bbb", with the trees of aaa and of aaa/bbb
  Trees upper_;
  Trees lower_;
};

}  // namespace microstage::repo
