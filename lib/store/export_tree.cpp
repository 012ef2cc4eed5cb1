#include "lib/store/export_tree.h"

#include <cerrno>

#include "lib/core/text.h"
#include "lib/transfer/copy.h"

namespace microstage::store {

namespace {

const std::string kWorkDirectory{kTreeWorkDirectory};

// A root that its group or everybody may write stays so below; otherwise the umask decides.
fs::Sharing sharing_of(mode_t root) {
  const char* like = (root & S_IWOTH) != 0 && (root & S_ISVTX) == 0 ? "0666"
                     : (root & S_IWGRP) != 0                        ? "group"
                                                                    : "umask";
  return fs::Sharing::parse(like).value_or(fs::Sharing{});
}

// git-annex's own temporary names say what they hold.
bool names_its_key(const annex::Key& key, const ExportName& name) {
  return name == ExportName::of_object(key) || name == ExportName::temporary_of(key);
}

}  // namespace

Result<std::unique_ptr<ExportTree>> ExportTree::open(fs::FileOps& ops, const std::string& root) {
  auto directory = fs::Directory::open(ops, root);
  if (!directory && is_missing_file(directory.error())) {
    return fail(ErrorKind::mount_sick,
                "the directory " + root +
                    " of the file tree is not there; is its file system mounted on this machine? A new tree "
                    "needs it made: mkdir " +
                    root,
                directory.error().code);
  }
  if (!directory) return fail(directory.error());
  const auto status = directory->status();
  if (!status) return fail(status.error());
  return std::unique_ptr<ExportTree>(new ExportTree(std::move(*directory), *status));
}

ExportTree::ExportTree(fs::Directory root, const fs::FileStatus& status)
    : root_(std::move(root)), identity_(status.identity), sharing_(sharing_of(status.mode)) {}

ExportTree::~ExportTree() {
  // Also what a process left that was killed: the one after it may have nothing to store.
  if (const auto work = root_.open_directory(kWorkDirectory)) {
    sweep(*work);
    ignore_error(root_.remove_directory(kWorkDirectory), "not empty, or in use by others");
  }
}

// Absence is only believed while the path of the tree still leads to the directory that we hold.
Status ExportTree::confirm_still_there() const {
  const auto root = fs::Directory::open(root_.ops(), path());
  const auto named = root ? root->status() : fail(root.error());
  if (named && named->identity == identity_) return {};
  if (!named && !is_missing_file(named.error())) return fail(named.error());
  return fail(ErrorKind::mount_sick,
              "the file tree " + path() + " vanished while it was in use; is its file system mounted?");
}

bool is_missing_file(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR || error.code == ENAMETOOLONG || error.code == EILSEQ;
}

Error ExportTree::missing(const ExportName& name) const {
  return {ErrorKind::not_found, root_.name_of(name.path()) + " is not there", ENOENT};
}

Error ExportTree::explained(Error error) const {
  if (!is_missing_file(error)) return error;
  auto there = confirm_still_there();
  return there ? std::move(error) : std::move(there.error());
}

Result<fs::Directory> ExportTree::work_directory() {
  auto directory = root_.make_path(kWorkDirectory, sharing_);
  if (directory) sweep(*directory);
  return directory;
}

void ExportTree::sweep(const fs::Directory& work) {
  const std::lock_guard lock(mutex_);
  if (swept_) return;
  ignore_error(fs::sweep_temporary_files(work), "litter that cannot be swept harms nobody");
  swept_ = true;
}

// ---- what was found by reading

void ExportTree::note(const annex::Key& key, const fs::FileStatus& status, bool holds) {
  const std::lock_guard lock(mutex_);
  findings_.insert_or_assign({status.identity.device, status.identity.inode},
                             Finding{key.text(), holds, status});
}

void ExportTree::note_wrong(const annex::Key& key, const ExportName& name, const StoredObject& object) {
  const auto status = root_.status_of(name.path());
  if (status && object.holder && status->identity == object.holder->identity) note(key, *status, false);
}

std::optional<bool> ExportTree::noted(const annex::Key& key, const fs::FileStatus& status) const {
  const std::lock_guard lock(mutex_);
  const auto found = findings_.find({status.identity.device, status.identity.inode});
  if (found == findings_.end() || found->second.key != key.text()) return std::nullopt;
  const fs::FileStatus& then = found->second.status;
  const bool same = status.unchanged_since(then) && status.changed.tv_sec == then.changed.tv_sec &&
                    status.changed.tv_nsec == then.changed.tv_nsec;
  return same ? std::optional(found->second.holds) : std::nullopt;
}

Result<bool> ExportTree::hash_matches(const annex::Key& key, const fs::FileStatus& status, fs::File file,
                                      const std::stop_token& stop) const {
  const auto proof = proof_for(key, status.size);
  if (!proof) return fail(proof.error());
  if (!proof->hasher) {
    return fail(ErrorKind::unsupported,
                "the key has no digest, so " + file.name() + " cannot be told from another");
  }
  transfer::FileSource source(std::make_shared<fs::File>(std::move(file)), 0, status.size);
  if (auto hashed = transfer::hash_bytes(source, *proof->hasher, stop); !hashed) return fail(hashed.error());
  return proof->holds();
}

// ---- looking

Result<Presence> ExportTree::find(const annex::Key& key, const ExportName& name, const std::stop_token& stop,
                                  bool inside) {
  const auto status = root_.status_of(name.path());
  if (!status) {
    if (!is_missing_file(status.error())) return fail(status.error());
    if (auto there = confirm_still_there(); !there) return fail(there.error());
    return Presence::absent;
  }
  if (!status->is_regular() || noted(key, *status) == false) return Presence::wrong_size;
  const auto size = key.content_size();
  if (size && *size != status->size) return Presence::wrong_size;
  if (size && !(inside && key.digest())) return Presence::present;
  if (name == ExportName::of_object(key)) return Presence::present;
  auto file = root_.open_file(name.path(), O_RDONLY | O_NONBLOCK);
  if (!file) return fail(explained(std::move(file.error())));
  const auto matches = hash_matches(key, *status, std::move(*file), stop);
  if (!matches) return fail(matches.error());
  return *matches ? Presence::present : Presence::wrong_size;
}

Result<StoredObject> ExportTree::open_file(const annex::Key& key, const ExportName& name) const {
  auto file = root_.open_file(name.path(), O_RDONLY | O_NONBLOCK);
  if (!file && is_missing_file(file.error())) {
    if (auto there = confirm_still_there(); !there) return fail(there.error());
    return fail(missing(name));
  }
  if (!file) return failure_of(file);
  const auto status = file->status();
  if (!status) return fail(status.error());
  const auto size = key.content_size();
  if (!status->is_regular() || (size && status->size != *size)) {
    return fail(ErrorKind::integrity,
                file->name() + " is not the file that was exported: it was changed or replaced in the tree");
  }
  auto source =
      std::make_unique<transfer::FileSource>(std::make_shared<fs::File>(std::move(*file)), 0, status->size);
  return StoredObject{std::move(source), *status};
}

// ---- changing

void ExportTree::prune_above(const ExportName& name) const {
  if (name.parent() != ".") prune_empty_directories(root_, name.parent(), 0);
}

void ExportTree::make_way(const ExportName& name) const {
  if (const auto parent = root_.open_directory(name.parent()))
    ignore_error(parent->remove_directory(name.leaf()), "none is there, or others' files are in it");
}

Result<StoreReport> ExportTree::store(const annex::Key& key, const ExportName& name,
                                      const std::string& source_path, const TransferControl& control) {
  const auto source = open_source(root_.ops(), key, source_path);
  if (!source) return fail(source.error());
  std::optional<fs::Directory> work;
  auto temporary = create_temporary([this] { return work_directory(); }, work);
  if (!temporary) return fail(explained(std::move(temporary.error())));
  const auto hashed = copy_verified(*source, temporary->file(), key, control);
  if (!hashed) return fail(hashed.error());
  if (!sharing_.umask_decides()) {
    const auto status = temporary->file().status();
    const auto shared = status ? temporary->file().change_mode(sharing_.file_mode(status->mode & 0777))
                               : fail(status.error());
    if (!shared) return fail(shared.error());
  }
  if (auto durable = temporary->make_durable(); !durable) return fail(durable.error());
  make_way(name);
  const auto parent = [&] { return make_durable_path(root_, name.parent(), sharing_); };
  if (auto published = publish_in(*temporary, parent, name.leaf()); !published) {
    prune_above(name);
    return fail(explained(std::move(published.error())));
  }
  return StoreReport{.already_there = false, .hashed = *hashed, .bytes = source->status.size};
}

Result<bool> ExportTree::remove(const annex::Key& key, const ExportName& name, const std::stop_token& stop) {
  const auto status = root_.status_of(name.path());
  if (!status && !is_missing_file(status.error())) return fail(status.error());
  if (status && status->is_regular() && !names_its_key(key, name)) {
    const auto proven = prove(key, name, stop);
    if (!proven && proven.error().kind == ErrorKind::integrity) return false;
    const bool settled =
        proven || proven.error().kind == ErrorKind::unsupported || is_missing_file(proven.error());
    if (!settled) return fail(proven.error());
  }
  if (auto removed = unlink(name); !removed) return fail(removed.error());
  return true;
}

Status ExportTree::unlink(const ExportName& name) {
  const auto parent = root_.open_directory(name.parent());
  const Status removed = parent ? parent->unlink(name.leaf()) : fail(parent.error());
  if (!removed && removed.error().code != EISDIR && !is_missing_file(removed.error())) return removed;
  if (!removed)
    if (auto there = confirm_still_there(); !there) return there;
  // Otherwise a power cut could bring back a file that git-annex has forgotten.
  if (parent)
    if (auto synced = parent->sync(); !synced) return synced;
  // Also what a removal left that was stopped in the middle.
  prune_above(name);
  return {};
}

Result<bool> ExportTree::remove_directory(const ExportName& name) {
  const auto parent = root_.open_directory(name.parent());
  const Status removed = parent ? parent->remove_directory(name.leaf()) : fail(parent.error());
  if (!removed && (removed.error().code == ENOTEMPTY || removed.error().code == EEXIST)) return false;
  if (!removed && !is_missing_file(removed.error())) return fail(removed.error());
  if (!removed)
    if (auto there = confirm_still_there(); !there) return fail(there.error());
  prune_above(name);
  return true;
}

}  // namespace microstage::store
