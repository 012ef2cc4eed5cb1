#pragma once
// Reads datasets: a clone, or a dataset in a store. It changes nothing there, runs nothing, and obeys nothing
// that a dataset's configuration says. Whatever is in a repository, the worst is an error for that dataset
// (for the exceptions see object_database.h).
//
// Threads: one at a time; each thread has readers of its own.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/repo/annex_branch.h"
#include "lib/repo/git_directory.h"
#include "lib/repo/object_database.h"
#include "lib/repo/section_plan.h"

namespace microstage::repo {

class RepositoryReader {
 public:
  // `path` as GitDirectory::open takes it. Error: not_found when there is no repository.
  [[nodiscard]] static Result<RepositoryReader> open(fs::FileOps& ops, const std::string& path,
                                                     const Limits& limits = {});

  // The commit that `revision` means: "" is HEAD, then a full reference, a tag, a branch, a branch of a
  // remote, or the first digits of a commit. Tags lead to what they tag. Error: not_found.
  [[nodiscard]] Result<ObjectId> resolve(std::string_view revision) const;

  // What a plan of HEAD would be made from; costs some reads of small files, and no object.
  [[nodiscard]] Result<RepositoryState> state() const;

  // What `revision` has below `path` ("" is all of it), and where it is. Errors: those of resolve and of
  // read_tree.
  [[nodiscard]] Result<SectionPlan> plan(std::string_view revision = {}, std::string_view path = {}) const;

  // The same at `state`, of this commit. Error: also source_changed, when `state` has passed.
  [[nodiscard]] Result<SectionPlan> plan_of(const RepositoryState& state, const ObjectId& commit) const;

  // The dataset's id at HEAD; nothing in a repository that DataLad did not make.
  [[nodiscard]] Result<std::optional<DatasetId>> dataset_id() const;

  // By what uuid location logs know this repository; empty where git-annex was never set up.
  [[nodiscard]] Result<std::string> annex_uuid() const;

 private:
  RepositoryReader(GitDirectory directory, const Limits& limits)
      : directory_(std::move(directory)), limits_(limits) {}
  [[nodiscard]] Result<const ObjectDatabase*> objects() const;
  [[nodiscard]] Result<ObjectId> find(std::string_view revision) const;
  [[nodiscard]] Result<ObjectId> peel(ObjectId id) const;
  [[nodiscard]] Result<ObjectId> root_of(const ObjectId& commit) const;
  [[nodiscard]] Result<SectionPlan> plan_at(const RepositoryState& state, const ObjectId& commit,
                                            std::string_view path) const;
  [[nodiscard]] Error here(Error error) const;

  GitDirectory directory_;
  Limits limits_;
  mutable std::optional<ObjectDatabase> objects_;  // opened at first need
};

}  // namespace microstage::repo
