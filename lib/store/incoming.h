#pragma once
// What happens to content that comes in, whether it becomes an object of a dataset or a file of an export
// tree: it is copied under a temporary name, proven against its key, and gets its name by rename, with a way
// to it that no power cut can take.
//
// Threads: functions of their arguments; the file system is shared with other processes that do the same.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "lib/annex/key.h"
#include "lib/core/hash.h"
#include "lib/fs/directory.h"
#include "lib/fs/temporary_file.h"

namespace microstage::store {

struct StoreReport {
  bool already_there = false;  // with the right size; its content was not looked at
  bool hashed = false;         // every byte was compared with the key; otherwise only the size
  std::uint64_t bytes = 0;
};

struct TransferControl {
  bool read_back = false;  // before it gets its name, it is read from the medium and compared once more
  bool replace = false;    // what is there is known to be damaged: quarantine it once the new copy is proven
  std::function<void(std::uint64_t bytes)> progress{};
  std::function<void(std::uint64_t bytes)> pace{};  // called after each write; may block, to keep to a rate
  std::stop_token stop{};
};

// The file that git-annex wants stored, as it was when it was opened.
struct LocalCopy {
  std::shared_ptr<const fs::File> file;
  fs::FileStatus status;
};

// Errors: source_changed when it is gone, integrity when its size is not the key's.
[[nodiscard]] Result<LocalCopy> open_source(fs::FileOps& ops, const annex::Key& key, const std::string& path);

// Hashes content of `size` bytes as `key` says. `hasher` is null where the key has no digest.
struct ContentProof {
  std::unique_ptr<Hasher> hasher;
  std::string expected;

  [[nodiscard]] bool holds() const { return !hasher || hasher->finish() == expected; }  // call it once
};
[[nodiscard]] Result<ContentProof> proof_for(const annex::Key& key, std::uint64_t size);

// Copies into `temporary` and proves it against the key: true when every byte was hashed. Errors:
// source_changed, integrity, durability (what was read back is not what was written). The caller publishes.
[[nodiscard]] Result<bool> copy_verified(const LocalCopy& source, const fs::File& temporary,
                                         const annex::Key& key, const TransferControl& control);

using OpenDirectory = std::function<Result<fs::Directory>()>;

// A file in the work directory, which whoever leaves it empty removes, perhaps just when we want to use it:
// it is then opened again. `work` receives the directory that the file lives in, and must outlive it.
[[nodiscard]] Result<fs::TemporaryFile> create_temporary(const OpenDirectory& open_work,
                                                         std::optional<fs::Directory>& work);

// Gives a durable file its name in the directory that `make_directory` opens or makes, again when that was
// pruned meanwhile.
[[nodiscard]] Status publish_in(fs::TemporaryFile& temporary, const OpenDirectory& make_directory,
                                const std::string& name);

// Opens the directory `path` below `top`, made where it is missing; every entry on the way to it is fsynced,
// also those that others made and perhaps did not live to fsync.
[[nodiscard]] Result<fs::Directory> make_durable_path(const fs::Directory& top, const std::string& path,
                                                      const fs::Sharing& sharing);

// Removes the directory `path` below `top` and its parents, as long as they are empty and their path is
// longer than `keep` bytes.
void prune_empty_directories(const fs::Directory& top, std::string path, std::size_t keep);

}  // namespace microstage::store
