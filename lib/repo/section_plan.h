#pragma once
// What there is to move of one dataset at one commit: its annexed content by key, how much that is, and which
// repositories have it according to the git-annex branch. Values; safe to share between threads once made.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/ids.h"
#include "lib/repo/object_id.h"

namespace microstage::repo {

struct PlannedKey {
  std::string key;
  std::optional<std::uint64_t> bytes;       // nothing when the key does not say
  std::vector<std::uint32_t> repositories;  // that have it: places in SectionPlan::repositories, ascending
};

struct PlannedFile {
  std::string path;  // from the dataset's top; bytes
  std::uint32_t key = 0;
  bool unlocked = false;
};

struct Subdataset {
  std::string path;
  ObjectId commit;
  std::optional<DatasetId> id;  // where .gitmodules says it
};

struct AnnexRepository {
  std::string uuid;
  std::string description;  // "" when nobody gave one
};

// Inodes are what the objects take in a repository or store that has nothing else yet: each its file, its
// directory, and the hash directories above. Bytes leave the keys of unknown size out.
struct Amount {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unknown_sizes = 0;
  std::uint64_t inodes = 0;

  bool operator==(const Amount&) const = default;
};

// The inodes of objects that come one after the other, in a repository that has nothing else.
class Inodes {
 public:
  // Of one more key: its file, its directory, and the hash directories that no earlier one had.
  std::uint64_t add(const PlannedKey& key);

 private:
  std::set<std::string> directories_;
};

struct SectionPlan {
  std::optional<DatasetId> dataset;  // nothing in a repository that DataLad did not make
  ObjectId commit;
  std::vector<PlannedFile> files;             // annexed ones, in the order of git's trees
  std::vector<PlannedKey> keys;               // each once, in the order of their first files
  std::vector<Subdataset> subdatasets;        // also those that are not installed
  std::vector<AnnexRepository> repositories;  // by uuid, without dead ones
  std::uint64_t tree_entries = 0;  // files and directories: inodes of a working tree without its top

  // Whether the content is in the repository `uuid`, as far as its location log knows.
  [[nodiscard]] bool is_at(const PlannedKey& key, std::string_view uuid) const;
  [[nodiscard]] Amount total() const;
  [[nodiscard]] Amount present_at(std::string_view uuid) const;
  [[nodiscard]] Amount missing_at(std::string_view uuid) const;
};

}  // namespace microstage::repo
