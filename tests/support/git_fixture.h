#pragma once
// A bare git repository of a test's own, with any objects in it, also such as git would never write.

#include <string>
#include <string_view>
#include <vector>

#include "lib/repo/object_id.h"
#include "tests/support/scratch.h"

namespace microstage::testing {

// One entry of a tree's bytes.
[[nodiscard]] inline std::string tree_entry(std::string_view mode, std::string_view name,
                                            const repo::ObjectId& id) {
  std::string bytes{mode};
  bytes += ' ';
  bytes += name;
  bytes += '\0';
  bytes.append(id.bytes.begin(), id.bytes.end());
  return bytes;
}

class GitFixture {
 public:
  explicit GitFixture(std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ + "/" + std::string{name}; }

  // A loose object of this type ("blob", "tree", "commit", "tag") with these bytes.
  repo::ObjectId add(std::string_view type, std::string_view bytes) const;
  repo::ObjectId add_commit(const repo::ObjectId& tree) const;
  // A commit of files {path, content}; a content that begins with "-> " makes a link to the rest of it, one
  // that begins with "=> " a subdataset at the commit that follows.
  repo::ObjectId add_files(const std::vector<std::pair<std::string, std::string>>& files) const;
  void set_reference(const std::string& name, const repo::ObjectId& id) const;
  // Moves every loose object into one pack. The pack's path without ".pack".
  std::string pack() const;
  [[nodiscard]] std::string object_path(const repo::ObjectId& id) const;

 private:
  repo::ObjectId add_tree(const std::vector<std::pair<std::string, std::string>>& files) const;
  std::string path_;
};

// The log of `key` in the git-annex branch, and the target of a file that is locked.
[[nodiscard]] std::string log_path(const annex::Key& key);
[[nodiscard]] std::string link_to(const annex::Key& key);

}  // namespace microstage::testing
