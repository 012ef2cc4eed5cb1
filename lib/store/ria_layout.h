#pragma once
// Names below a dataset in a RIA store, whether it is a directory or a URL (ria_layout.md). Pure.

#include <string>

#include "lib/annex/key.h"

namespace microstage::store {

enum class HashDirectories { lower, mixed };  // layout versions 1 and 2 of a dataset

inline constexpr const char* kLayoutVersionFile = "ria-layout-version";
inline constexpr const char* kObjects = "annex/objects";

// Below kObjects: "H1/H2/KEY".
[[nodiscard]] inline std::string key_directory_below_objects(HashDirectories hash_directories,
                                                             const annex::Key& key) {
  const bool mixed = hash_directories == HashDirectories::mixed;
  return (mixed ? key.hash_directories_mixed() : key.hash_directories_lower()) + "/" + key.file_name();
}

// Below kObjects, and the member of an archive: "H1/H2/KEY/KEY".
[[nodiscard]] inline std::string object_below_objects(HashDirectories hash_directories,
                                                      const annex::Key& key) {
  return key_directory_below_objects(hash_directories, key) + "/" + key.file_name();
}

}  // namespace microstage::store
