#pragma once
// A plain tree of files that git-annex exports commits to (exporttree=yes), for programs that know no annex.
// Layout and rules: export_tree.md.
//
// A name says nothing about its content, unlike an object's: whoever may write to the tree may have changed
// it. So a file counts as a key's only while its size is right, and is hashed before it is renamed. Nothing
// is reached through a symbolic link, and nothing outside of the root is touched. Threads: members may be
// called from several threads, for different names.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "lib/fs/directory.h"
#include "lib/store/export_name.h"
#include "lib/store/incoming.h"
#include "lib/store/readable_dataset.h"

namespace microstage::store {

// Says that a file is not there; a file system that cannot have its name does not have it either.
[[nodiscard]] bool is_missing_file(const Error& error);

class ExportTree {
 public:
  // Errors: mount_sick when the root is not there. It is never made: an unmounted file system looks like
  // that.
  [[nodiscard]] static Result<std::unique_ptr<ExportTree>> open(fs::FileOps& ops, const std::string& root);

  ExportTree(const ExportTree&) = delete;
  ExportTree& operator=(const ExportTree&) = delete;
  ~ExportTree();  // sweeps the work directory and removes it when it is empty

  [[nodiscard]] const std::string& path() const { return root_.name(); }

  // From authoritative metadata, with the size where the key has one; a file whose key has none is hashed,
  // and so is, with `inside`, one whose key has a digest. `absent` only after the root itself was seen to be
  // there. Errors: unsupported when the key has neither size nor digest.
  [[nodiscard]] Result<Presence> find(const annex::Key& key, const ExportName& name,
                                      const std::stop_token& stop, bool inside = false);

  // Errors: not_found, integrity when its size is wrong.
  [[nodiscard]] Result<StoredObject> open_file(const annex::Key& key, const ExportName& name) const;

  // The file was read and does not hold the key: it counts as another's until it changes.
  void note_wrong(const annex::Key& key, const ExportName& name, const StoredObject& object);

  // Copies the file at `source` in, hashed on the way; it replaces a file, a link or an empty directory of
  // that name by rename, and is durable when this returns. Errors: as RiaDataset::store.
  [[nodiscard]] Result<StoreReport> store(const annex::Key& key, const ExportName& name,
                                          const std::string& source, const TransferControl& control);

  // Removes the file of `key` (or a link) that has the name, and directories that this leaves empty. False
  // when it holds something else and stays: after an export with a failure git-annex removes once more what
  // it had replaced, by the name that the replacement has by now. Files whose keys have no digest are removed
  // by their size. True also when there is nothing; a directory is not touched.
  [[nodiscard]] Result<bool> remove(const annex::Key& key, const ExportName& name,
                                    const std::stop_token& stop);

  // Removes a directory if it is empty, and parents that this leaves empty. False when it holds something:
  // what is not ours is left alone. Success also when it is gone or is none.
  [[nodiscard]] Result<bool> remove_directory(const ExportName& name);

  // Gives the file of `key` another name. What holds another content is neither moved nor replaced: after an
  // interrupted export git-annex can be mistaken about what has which name. Success also when it was done
  // before. Errors: not_found, integrity (the file is another), unsupported (its key has no digest, so nobody
  // can tell).
  [[nodiscard]] Status rename(const annex::Key& key, const ExportName& from, const ExportName& to,
                              const std::stop_token& stop);

 private:
  // What was found by reading a file; true while the file is unchanged.
  struct Finding {
    std::string key;
    bool holds = false;
    fs::FileStatus status;
  };

  explicit ExportTree(fs::Directory root, const fs::FileStatus& status);

  [[nodiscard]] Status confirm_still_there() const;
  // `error`, unless it says that something is missing because the whole tree is.
  [[nodiscard]] Error explained(Error error) const;
  [[nodiscard]] Error missing(const ExportName& name) const;
  [[nodiscard]] Result<fs::Directory> work_directory();
  void sweep(const fs::Directory& work);
  // Removes an empty directory that has the name of a file to come.
  void make_way(const ExportName& name) const;
  void prune_above(const ExportName& name) const;
  // The status of the file, which was seen to hold the key.
  [[nodiscard]] Result<fs::FileStatus> prove(const annex::Key& key, const ExportName& name,
                                             const std::stop_token& stop);
  [[nodiscard]] Result<bool> hash_matches(const annex::Key& key, const fs::FileStatus& status, fs::File file,
                                          const std::stop_token& stop) const;
  // The destination is free, or holds the key already.
  [[nodiscard]] Status check_destination(const annex::Key& key, const ExportName& to,
                                         const std::stop_token& stop);
  // Two spellings of one directory entry, where the file system does not tell upper from lower case?
  [[nodiscard]] Result<bool> is_same_entry(const ExportName& a, const ExportName& b) const;
  [[nodiscard]] Status unlink(const ExportName& name);
  [[nodiscard]] Status move(const ExportName& from, const ExportName& to);
  void note(const annex::Key& key, const fs::FileStatus& status, bool holds);
  [[nodiscard]] std::optional<bool> noted(const annex::Key& key, const fs::FileStatus& status) const;

  fs::Directory root_;
  fs::Identity identity_;
  fs::Sharing sharing_;
  mutable std::mutex mutex_;  // guards what follows
  bool swept_ = false;
  std::map<std::pair<dev_t, ino_t>, Finding> findings_;
};

}  // namespace microstage::store
