#pragma once
// What can be read of a dataset in a store, whether it lies on a mounted file system or behind a web server.
//
// Threads: members may be called from several threads, also for one key.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/annex/key.h"
#include "lib/core/result.h"
#include "lib/fs/file.h"
#include "lib/transfer/source.h"

namespace microstage::store {

enum class Presence {
  present,
  absent,
  wrong_size,  // something is there that cannot be the object, by its size or as noted when it was read
  archived,    // not loose, but in the dataset's archive, with its size
};

struct StoredObject {
  std::unique_ptr<transfer::Source> source;
  std::optional<fs::FileStatus> holder;  // the file that holds its bytes; none behind a server
  bool archived = false;                 // that file is an archive, which nobody changes
};

class ReadableDataset {
 public:
  ReadableDataset() = default;
  ReadableDataset(const ReadableDataset&) = delete;
  ReadableDataset& operator=(const ReadableDataset&) = delete;
  virtual ~ReadableDataset() = default;

  [[nodiscard]] virtual const std::string& path() const = 0;  // of the dataset's directory, or its URL

  // From authoritative metadata. `absent` only after the store itself was seen to be there, and its archive,
  // if it has one, was read and lacks the key.
  [[nodiscard]] virtual Result<Presence> find(const annex::Key& key) const = 0;

  // Errors: not_found, integrity when its size is wrong, unsupported when it cannot be read by this program.
  [[nodiscard]] virtual Result<StoredObject> open_object(const annex::Key& key) const = 0;

  // The file that holds the object now; nothing when none does, or when it cannot be seen.
  [[nodiscard]] virtual std::optional<fs::FileStatus> holder_of(const annex::Key& key) const = 0;

  // Where a person finds the object: a path or a URL, and the member of an archive. Nothing when it is
  // absent.
  [[nodiscard]] virtual std::optional<std::string> whereabouts(const annex::Key& key) const = 0;

  // Names and values for a person, as `git annex info` shows them. May be slow on large datasets.
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> describe() const = 0;
};

}  // namespace microstage::store
