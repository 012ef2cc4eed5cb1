#pragma once
// A dataset's place in a store: a bare git repository with the fewest inodes (HEAD, config,
// ria-layout-version, objects/, refs/, archives/; git makes the rest at the first push), which appears
// complete or not at all.
//
// While a StoreDataset lives, no other `connect` works on the same dataset of the store. One thread at a
// time.

#include <string>

#include "daemon/cli/clone.h"
#include "lib/store/ria_store.h"

namespace microstage::cli {

// core.sharedRepository for what is made in the store, as its root directory shows: setgid means shared, with
// the root's permissions ("0664" for a root of mode 2775); without setgid the umask decides ("").
[[nodiscard]] Result<std::string> sharing_of(const store::RiaStore& store);

class StoreDataset {
 public:
  // Refuses a dataset of another uid unless its core.sharedRepository lets us write. Changes nothing. True:
  // it is there.
  [[nodiscard]] static Result<bool> check(const store::RiaStore& store, const DatasetId& id);

  // Makes it, or completes what is missing of it. `sharing` is for a new one only.
  [[nodiscard]] static Result<StoreDataset> make(const store::RiaStore& store, const Clone& clone,
                                                 const std::string& sharing);

  [[nodiscard]] const std::string& path() const { return directory_.name(); }
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const GitConfig& config() const { return config_; }

  // Durable; nothing is written when the value is there already.
  [[nodiscard]] Status set_config(const std::string& name, const std::string& value);

 private:
  StoreDataset(fs::Directory directory, fs::File lock, bool made)
      : directory_(std::move(directory)), lock_(std::move(lock)), made_(made) {}

  fs::Directory directory_;
  fs::File lock_;
  bool made_;
  GitConfig config_;
};

}  // namespace microstage::cli
