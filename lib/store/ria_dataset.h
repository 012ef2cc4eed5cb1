#pragma once
// The objects of one dataset in a RIA store: loose files under annex/objects, as DataLad's ORA remote reads
// and writes them; members of archives/archive.7z, which are only read; and a directory .microstage of our
// own for files in the making and for quarantined objects. A loose object goes before an archived one. Layout
// and rules: ria_layout.md.
//
// What is visible under an object's name is always complete and was verified when we wrote it; readers with
// an open file survive removal and replacement. Threads: members may be called from several threads, also for
// one key.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "lib/annex/key.h"
#include "lib/fs/directory.h"
#include "lib/store/incoming.h"
#include "lib/store/readable_dataset.h"
#include "lib/store/ria_layout.h"
#include "lib/store/ria_store.h"
#include "lib/store/sealed_archive.h"

namespace microstage::store {

struct ObjectCounts {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
};

class RiaDataset final : public ReadableDataset {
 public:
  // Errors: not_found when the store has no such dataset, unsupported when its layout version is neither 1
  // nor 2 and `unknown` refuses that.
  [[nodiscard]] static Result<RiaDataset> open(const RiaStore& store, const DatasetId& id,
                                               UnknownLayout unknown = UnknownLayout::refuse);

  RiaDataset(RiaDataset&& other) noexcept;
  RiaDataset& operator=(RiaDataset&&) = delete;
  ~RiaDataset() override;  // sweeps .microstage and removes it when it is empty: inodes are rationed

  [[nodiscard]] HashDirectories hash_directories() const { return hash_directories_; }
  [[nodiscard]] const std::string& path() const override { return directory_.name(); }
  // The annex uuid that the store records for this content; empty when it records none.
  [[nodiscard]] std::string storage_uuid() const;
  // Below the dataset: "annex/objects/aa/bb/KEY/KEY". May exist or not.
  [[nodiscard]] std::string object_path(const annex::Key& key) const;
  // In the archive: "aa/bb/KEY/KEY", the hash directories being those of the dataset's layout, as for ORA.
  [[nodiscard]] std::string member_path(const annex::Key& key) const;

  [[nodiscard]] Result<Presence> find(const annex::Key& key) const override;

  [[nodiscard]] Result<StoredObject> open_object(const annex::Key& key) const override;
  [[nodiscard]] std::optional<fs::FileStatus> holder_of(const annex::Key& key) const override;
  [[nodiscard]] std::optional<std::string> whereabouts(const annex::Key& key) const override;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> describe() const override;

  // Copies the file at `source` in as the content of `key`: hashed on the way, durable when it returns. An
  // object that is there with the right size, loose or archived, is left alone, one of the wrong size is
  // replaced, a mutable key's always. Errors: source_changed, integrity (the source is not what the key
  // says), space, permission, durability.
  [[nodiscard]] Result<StoreReport> store(const annex::Key& key, const std::string& source,
                                          const TransferControl& control);

  // Success also when there is nothing. Refused like check_unsealed before anything is touched: with the
  // archived copy there, the object would not be gone.
  [[nodiscard]] Status remove(const annex::Key& key);

  // Fails (unsupported) when the archive has the key, whatever its size, and when that cannot be seen.
  [[nodiscard]] Status check_unsealed(const annex::Key& key) const;

  // Moves a damaged object out of the way without losing it; returns where it went, nothing when it was gone.
  // With `only`, an object of another identity stays: somebody has put a good one there meanwhile. Members of
  // the archive always stay.
  [[nodiscard]] Result<std::optional<std::string>> quarantine(
      const annex::Key& key, const std::optional<fs::Identity>& only = std::nullopt);

  // The archive's member for this key was read and does not match it: from now on it counts as one of the
  // wrong size, for every process, until the archive is replaced. False when the archive is not that file any
  // more.
  [[nodiscard]] Result<bool> note_damaged_member(const annex::Key& key, const fs::Identity& archive);

  // Walks all loose objects: slow on large datasets.
  [[nodiscard]] Result<ObjectCounts> count_objects() const;

 private:
  RiaDataset(std::string store_path, std::string below_store, fs::Directory directory,
             HashDirectories hash_directories)
      : store_path_(std::move(store_path)),
        below_store_(std::move(below_store)),
        directory_(std::move(directory)),
        hash_directories_(hash_directories) {}

  [[nodiscard]] std::string key_directory(const annex::Key& key) const;
  [[nodiscard]] Status confirm_still_there() const;
  [[nodiscard]] Result<Presence> loose_presence(const annex::Key& key,
                                                std::optional<std::uint64_t> size) const;
  [[nodiscard]] Result<Presence> archived_presence(const annex::Key& key,
                                                   std::optional<std::uint64_t> size) const;
  // Nothing when there is none. One of the wrong size is left in `wrong` for the case that nothing better is.
  [[nodiscard]] Result<std::optional<StoredObject>> open_loose(const annex::Key& key, Status& wrong) const;
  // Nothing when the archive has no such member, or there is none.
  [[nodiscard]] Result<std::optional<StoredObject>> open_archived(const annex::Key& key) const;
  [[nodiscard]] Result<fs::Directory> work_directory();
  void sweep(const fs::Directory& work);
  [[nodiscard]] const fs::Sharing& sharing();
  // The directory of the object, made when missing, with a way to it that no power cut can take.
  [[nodiscard]] Result<fs::Directory> make_key_directory(const annex::Key& key);
  [[nodiscard]] Status publish(fs::TemporaryFile& temporary, const annex::Key& key);
  // Is it there already, so that nothing need be copied? Makes durable what somebody else has put there.
  [[nodiscard]] Result<bool> keep_existing(const annex::Key& key, std::uint64_t size);
  [[nodiscard]] Status make_durable(const annex::Key& key);
  // `error`, unless it says that something is missing because the whole store is.
  [[nodiscard]] Error explained(Error error) const;
  void prune_empty(const annex::Key& key);
  void remove_quarantine(const std::string& place);

  std::string store_path_;
  std::string below_store_;
  fs::Directory directory_;
  HashDirectories hash_directories_;
  SealedArchive archive_;
  std::mutex mutex_;  // guards what is below
  std::optional<fs::Sharing> sharing_;
  bool swept_ = false;
  bool objects_durable_ = false;
};

}  // namespace microstage::store
