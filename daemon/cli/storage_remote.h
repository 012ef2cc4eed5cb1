#pragma once
// The special remotes of a connected clone: ours, and a second way to the same copies through DataLad's ORA
// for clones that lack our program. There is one uuid for a dataset and a store, ever.

#include <string>
#include <vector>

#include "daemon/cli/special_remotes.h"

namespace microstage::cli {

struct StoragePlan {
  std::string uuid;  // empty: to be made
  std::string ours;  // name of the entry that microstage serves
  std::string
      owner;  // name of the entry that owns the uuid: `ours`, or an ORA remote that DataLad made earlier
  bool ours_recorded = false;
  std::string ora;  // name of the ORA entry; empty: none wanted
  bool ora_recorded = false;
  std::string url;         // the store's, as this clone reaches it
  bool other_url = false;  // recorded under another URL: another mount point
};

struct StorageWishes {
  std::string sibling;  // "capacity": the entries are called capacity-storage and capacity-ora
  std::string url;
  bool with_ora = true;
  bool verify_once = false;
};

// Decides, without changing anything. `store_uuid` is what the store's config names, or empty.
// Errors: invalid (the store knows a uuid that this clone does not; a name is taken; verify-once with chunks
// or encryption).
[[nodiscard]] Result<StoragePlan> plan_storage(const Clone& clone, const SpecialRemotes& remotes,
                                               const std::string& store_uuid, const StorageWishes& wishes);

// Makes or enables what the plan names and this clone has not. Returns what was done, in words. Afterwards
// plan.uuid is set.
[[nodiscard]] Result<std::vector<std::string>> apply_storage(const Clone& clone, StoragePlan& plan);

// True when git-annex, started by this user, finds our program as we do.
[[nodiscard]] bool remote_is_in_path();

}  // namespace microstage::cli
