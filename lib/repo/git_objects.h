#pragma once
// What is read of git's objects beside their bytes. Pure; any thread.
// Source: git's documentation of its object format (gitformat-pack, git-cat-file; "tree" in the user manual).

#include <optional>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/repo/object_id.h"

namespace microstage::repo {

enum class EntryKind { directory, file, link, commit };

struct TreeEntry {
  EntryKind kind = EntryKind::file;
  std::string_view name;  // into the tree's bytes; one path component, never "." or ".."
  ObjectId id;
};

// The entries in the order they have. Error: integrity for what is no tree or would lead out of one.
[[nodiscard]] Result<std::vector<TreeEntry>> parse_tree(std::string_view bytes);

// The tree of a commit; the object of a tag and whether that is a commit.
[[nodiscard]] std::optional<ObjectId> tree_of_commit(std::string_view bytes);
struct TagTarget {
  ObjectId id;
  std::string_view type;
};
[[nodiscard]] std::optional<TagTarget> target_of_tag(std::string_view bytes);

}  // namespace microstage::repo
