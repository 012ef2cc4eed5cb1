#include "remote/key_memory.h"

namespace microstage::remote {

void KeyMemory::note_store(const std::string& key, LastStore how) {
  const std::lock_guard lock(mutex_);
  if (how == LastStore::none) {
    stored_.erase(key);
  } else {
    stored_.insert_or_assign(key, how);
  }
}

LastStore KeyMemory::last_store(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto entry = stored_.find(key);
  return entry == stored_.end() ? LastStore::none : entry->second;
}

}  // namespace microstage::remote
