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

void KeyMemory::note_damage(const std::string& key, const DamagedObject& object) {
  const std::lock_guard lock(mutex_);
  damaged_.insert_or_assign(key, object);
}

void KeyMemory::forget_damage(const std::string& key) {
  const std::lock_guard lock(mutex_);
  damaged_.erase(key);
}

std::optional<DamagedObject> KeyMemory::damaged_object(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto entry = damaged_.find(key);
  return entry == damaged_.end() ? std::nullopt : std::optional(entry->second);
}

}  // namespace microstage::remote
