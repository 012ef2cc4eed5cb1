#pragma once
// Where a dataset keeps its git repository, and the references and git-annex journal in it. References are
// read here and not by libgit2, which would want the repository's configuration first.
//
// Threads: one at a time. No file in the repository is reached through a
// symbolic link, but the directories of the working tree, .git itself (git-annex makes it a link in
// submodules) and its annex directory (datalad's ephemeral clones) may be links.
// Source: git's pages gitrepository-layout and git-pack-refs; git-annex's internals page (journal).

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/fs/directory.h"
#include "lib/repo/limits.h"
#include "lib/repo/object_id.h"

namespace microstage::repo {

struct Head {
  std::string branch;  // full name, "refs/heads/main"; empty when detached
  ObjectId commit;
};

class GitDirectory {
 public:
  // `path` is a clone's top (or a worktree's, or a submodule's), or a bare repository such as a dataset in a
  // store. Errors: not_found when no repository is there; unsupported for formats that libgit2 cannot read.
  [[nodiscard]] static Result<GitDirectory> open(fs::FileOps& ops, const std::string& path,
                                                 const Limits& limits);

  [[nodiscard]] const std::string& name() const { return own_.name(); }
  [[nodiscard]] const fs::Directory& common() const { return common_ ? *common_ : own_; }

  // not_found: nothing is committed yet.
  [[nodiscard]] Result<Head> head() const;
  // A reference by its full name; not_found when there is none.
  [[nodiscard]] Result<ObjectId> reference(const std::string& name) const;
  // refs/heads/git-annex and every other one below refs/heads and refs/remotes whose last component is
  // git-annex: what git-annex would merge first. By name.
  [[nodiscard]] Result<std::map<std::string, ObjectId>> annex_branches() const;

  // The text of the repository's own configuration file; nothing of it is obeyed here. "" without one.
  [[nodiscard]] Result<std::string> configuration() const;

  // The files in git-annex's journal by name: changes that are not in the branch yet. Usually none.
  [[nodiscard]] Result<std::map<std::string, fs::FileStatus>> journal() const;
  [[nodiscard]] Result<std::map<std::string, fs::FileStatus>> private_journal() const;
  // Its content; not_found when git-annex has committed it meanwhile.
  [[nodiscard]] Result<std::string> journal_file(const std::string& name) const;
  [[nodiscard]] Result<std::string> private_journal_file(const std::string& name) const;

 private:
  GitDirectory(fs::Directory own, const Limits& limits) : own_(std::move(own)), limits_(limits) {}
  [[nodiscard]] Status find_common();
  [[nodiscard]] Status read_packed_refs() const;
  [[nodiscard]] Result<std::string> read(const fs::Directory& directory, const std::string& name,
                                         std::size_t limit) const;
  [[nodiscard]] Result<ObjectId> follow(std::string name, std::string& last) const;
  [[nodiscard]] Status collect(const fs::Directory& directory, const std::string& name, int depth,
                               std::size_t& seen, std::map<std::string, ObjectId>& found) const;
  [[nodiscard]] Result<std::map<std::string, fs::FileStatus>> list_journal(const std::string& name) const;
  [[nodiscard]] Result<std::string> read_journal(const std::string& directory, const std::string& name) const;

  fs::Directory own_;                    // a worktree's own, where HEAD is
  std::optional<fs::Directory> common_;  // where everything else is, if that is elsewhere
  Limits limits_;
  // packed-refs as it was when last looked at: it is looked at after loose files, for packing moves those
  // here.
  mutable std::map<std::string, ObjectId> packed_;
  mutable std::optional<fs::FileStatus> packed_status_;
};

}  // namespace microstage::repo
