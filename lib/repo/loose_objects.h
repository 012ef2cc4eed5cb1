#pragma once
// Git objects that lie in files of their own. libgit2 1.5 never returns from one that is cut off, and waits
// for a named pipe in place of one; so these are read here, and packs there.
//
// Threads: one at a time. Source: git's page gitformat-loose (the zlib stream of "TYPE SIZE\0" and the
// content).

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/fs/directory.h"
#include "lib/repo/object_id.h"

namespace microstage::repo {

enum class ObjectType { commit, tree, blob, tag };

[[nodiscard]] std::string_view name(ObjectType type);

struct LooseObject {
  ObjectType type = ObjectType::blob;
  std::uint64_t size = 0;
  std::vector<char> bytes;  // empty when `size` is above the limit
};

class LooseObjects {
 public:
  // One directory "objects", of a repository or of one that lends it its objects.
  [[nodiscard]] static Result<LooseObjects> open(fs::Directory objects);

  // Nothing when it is not there. Errors: integrity for what is no object, invalid for what is no regular
  // file or reached through a link.
  [[nodiscard]] Result<std::optional<LooseObject>> read(const ObjectId& id, std::size_t limit) const;

  // Looks anew which of the 256 directories there are.
  [[nodiscard]] Status refresh();

  // The objects whose names begin with `digits`, at least two of them; no more than `most`.
  [[nodiscard]] Result<std::vector<ObjectId>> find(std::string_view digits, std::size_t most) const;

 private:
  explicit LooseObjects(fs::Directory objects) : directory_(std::move(objects)), fans_(256) {}

  fs::Directory directory_;
  std::vector<bool> fans_;
};

// The parts of one file's content. `bytes` may be cut off or anything else.
[[nodiscard]] Result<LooseObject> parse_loose_object(std::string_view bytes, std::size_t limit);

}  // namespace microstage::repo
