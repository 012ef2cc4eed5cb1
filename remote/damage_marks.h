#pragma once
// What this clone knows of damaged objects that nobody could move out of the way (a reader may have no right
// to write in the store): one small file for each below the clone's git directory, so that later sessions do
// not vouch for them again. A mark ends when its object is replaced, or when a retrieve proves it good.
//
// Threads: any.

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "lib/annex/key.h"
#include "lib/fs/directory.h"

namespace microstage::remote {

// By the inode alone, for device numbers change from mount to mount. Without one (behind a server) whatever
// is there for the key counts as the damaged object.
struct DamagedObject {
  std::optional<ino_t> inode;
};

class DamageMarks {
 public:
  // `directory` holds the marks and is made for the first one; empty: they last as long as this process.
  DamageMarks(fs::FileOps& ops, std::string directory) : ops_(ops), directory_(std::move(directory)) {}

  // A mark that cannot be written still holds in this process.
  void note(const annex::Key& key, const DamagedObject& object);
  void forget(const annex::Key& key);
  [[nodiscard]] std::optional<DamagedObject> find(const annex::Key& key);

 private:
  void load();  // at first need
  [[nodiscard]] Status write(const std::string& name, const DamagedObject& object);

  fs::FileOps& ops_;
  const std::string directory_;
  std::mutex mutex_;  // guards what follows
  bool loaded_ = false;
  bool unreadable_ = false;                     // then every object counts as damaged
  std::map<std::string, DamagedObject> marks_;  // by file name of the key
};

}  // namespace microstage::remote
