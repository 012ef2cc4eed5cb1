#pragma once
// What a session remembers of keys, because git-annex's next request about one can only be understood with
// it.
//
// Threads: any.

#include <map>
#include <mutex>
#include <string>

namespace microstage::remote {

// How the last request for a key ended, if it was a STORE that succeeded.
enum class LastStore {
  none,
  kept,      // the store has a copy that a rollback must not take away: hashed by us, or there before
  unproven,  // we wrote it and could compare only its size
};

class KeyMemory {
 public:
  void note_store(const std::string& key, LastStore how);
  // Any other request for the key means that git-annex accepted the STORE.
  void note_other_request(const std::string& key) { note_store(key, LastStore::none); }
  [[nodiscard]] LastStore last_store(const std::string& key) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, LastStore> stored_;
};

}  // namespace microstage::remote
