#pragma once
// A dataset's place in a store: a bare git repository with the fewest inodes (HEAD, config,
// ria-layout-version, objects/, refs/, archives/; git makes the rest at the first push), which appears
// complete or not at all.
//
// While a StoreDataset lives, no other `connect` works on the same dataset of the store. One thread at a
// time.

#include <string>
#include <vector>

#include "daemon/cli/clone.h"
#include "lib/store/ria_store.h"

namespace microstage::cli {

// core.sharedRepository for what is made in the store, as its root directory shows: setgid means shared, with
// the root's permissions ("0664" for a root of mode 2775); without setgid the umask decides ("").
[[nodiscard]] Result<std::string> sharing_of(const store::RiaStore& store);

// Of a git configuration: "receive.autogc", section and variable in lower case; a value that needs no quotes.
struct Setting {
  std::string name;
  std::string value;
};

class StoreDataset {
 public:
  // Refuses a dataset of another uid unless its core.sharedRepository lets us write, and a config that is no
  // regular file. Changes nothing. Returns the storage remote's uuid that it names, or nothing.
  [[nodiscard]] static Result<std::string> check(const store::RiaStore& store, const DatasetId& id);

  // Makes it, or completes what is missing of it. `sharing` is for a new one only.
  [[nodiscard]] static Result<StoreDataset> make(const store::RiaStore& store, const Clone& clone,
                                                 const std::string& sharing);

  [[nodiscard]] const std::string& path() const { return directory_.name(); }
  [[nodiscard]] bool made() const { return made_; }
  // The storage remote's uuid that its config names now, or nothing.
  [[nodiscard]] Result<std::string> uuid() const;

  // Durable; nothing is written when the values are there already.
  [[nodiscard]] Status configure(const std::vector<Setting>& settings);
  // What web servers serve git by.
  [[nodiscard]] Status update_server_info();

 private:
  StoreDataset(fs::Directory directory, fs::File lock, bool made)
      : directory_(std::move(directory)), lock_(std::move(lock)), made_(made) {}

  fs::Directory directory_;
  fs::File lock_;
  bool made_;
};

}  // namespace microstage::cli
