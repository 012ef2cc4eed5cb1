#pragma once
// What this clone knows of objects that are no copies although they look like it: damaged ones that nobody
// could move out of the way (a reader may have no right to write in the store), and those that the disk does
// not give. One small file for each below the clone's git directory, so that later sessions do not vouch for
// them again. A mark ends when its object is replaced or changed, when a retrieve proves it good, or when it
// can be read again.
//
// Threads: any. Marks of other processes count from the moment they are there.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "lib/annex/key.h"
#include "lib/fs/file.h"

namespace microstage::remote {

struct ObjectPart {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  // 0: the object could not even be opened
};

struct DamageMark {
  // Of the file that holds the object, as store::state_note says it; empty (what lies behind a server):
  // whatever is there for the key.
  std::string state;
  // What of the object could not be read; nothing when its bytes are wrong.
  std::optional<ObjectPart> unreadable;
};

class DamageMarks {
 public:
  // `directory` holds the marks and is made for the first one; empty: they last as long as this process.
  DamageMarks(fs::FileOps& ops, std::string directory) : ops_(ops), directory_(std::move(directory)) {}

  // A mark that cannot be written still holds in this process.
  void note(const annex::Key& key, const DamageMark& mark);
  void forget(const annex::Key& key);
  // One that cannot be read stands for whatever is there: in doubt nobody vouches for it.
  [[nodiscard]] std::optional<DamageMark> find(const annex::Key& key);

 private:
  [[nodiscard]] std::string path_of(const annex::Key& key) const;
  [[nodiscard]] Status write(const std::string& name, const DamageMark& mark);

  fs::FileOps& ops_;
  const std::string directory_;
  std::mutex mutex_;                             // guards what follows
  std::map<std::string, DamageMark> unwritten_;  // by file name of the key
};

}  // namespace microstage::remote
