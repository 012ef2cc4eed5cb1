#pragma once
// What a session remembers of keys, because git-annex's next request about one can only be understood with
// it.
//
// Threads: any.

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "lib/fs/file.h"

namespace microstage::remote {

// How the last request for a key ended, if it was a STORE that succeeded.
enum class LastStore {
  none,
  kept,      // the store has a copy that a rollback must not take away: hashed by us, or there before
  unproven,  // we wrote it and could compare only its size
};

// An object whose bytes were found wrong. Without an identity, any object of that key counts as it.
struct DamagedObject {
  std::optional<fs::Identity> identity;
};

class KeyMemory {
 public:
  void note_store(const std::string& key, LastStore how);
  // Any other request for the key means that git-annex accepted the STORE.
  void note_other_request(const std::string& key) { note_store(key, LastStore::none); }
  [[nodiscard]] LastStore last_store(const std::string& key) const;

  // An object that was found damaged and could not be moved away, by the identity it has where we read it.
  void note_damage(const std::string& key, const DamagedObject& object);
  void forget_damage(const std::string& key);
  [[nodiscard]] std::optional<DamagedObject> damaged_object(const std::string& key) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, LastStore> stored_;
  std::map<std::string, DamagedObject> damaged_;
};

}  // namespace microstage::remote
