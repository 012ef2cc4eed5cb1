// RiaDataset::store, ::quarantine and ::note_damaged_member: how objects come in, and how damaged ones go out
// of the way.

#include <cerrno>
#include <ctime>

#include "lib/core/random.h"
#include "lib/core/text.h"
#include "lib/fs/temporary_file.h"
#include "lib/store/damaged_members.h"
#include "lib/store/ria_dataset.h"
#include "lib/transfer/copy.h"

namespace microstage::store {

namespace {

constexpr mode_t kObjectMode = 0444;  // as git-annex protects its own objects
constexpr int kMostTries = 64;
constexpr const char* kWorkDirectory = ".microstage";
constexpr const char* kQuarantine = ".microstage/quarantine";

struct LocalCopy {
  std::shared_ptr<const fs::File> file;
  fs::FileStatus status;
};

Result<LocalCopy> open_source(fs::FileOps& ops, const annex::Key& key, const std::string& path) {
  auto file = fs::File::open(ops, path, O_RDONLY | O_NONBLOCK);
  if (!file && file.error().code == ENOENT)
    return fail(ErrorKind::source_changed, path + " is gone: it was dropped or moved meanwhile", ENOENT);
  if (!file) return failure_of(file);
  const auto status = file->status();
  if (!status) return fail(status.error());
  if (!status->is_regular()) return fail(ErrorKind::invalid, path + " is no regular file");
  const auto size = key.content_size();
  if (size && status->size != *size) {
    return fail(ErrorKind::integrity, path + " has " + std::to_string(status->size) +
                                          " bytes, but the key says " + std::to_string(*size) +
                                          "; the local copy is damaged: see git annex fsck");
  }
  return LocalCopy{std::make_shared<fs::File>(std::move(*file)), *status};
}

// Copies into `temporary` and proves it against the key. The caller publishes.
Result<bool> copy_verified(const LocalCopy& source, const fs::File& temporary, const annex::Key& key,
                           const TransferControl& control) {
  const auto digest = key.digest();
  const auto hasher = digest ? make_hasher(digest->algorithm) : nullptr;
  if (digest && !hasher) return fail(ErrorKind::unsupported, "its digest cannot be computed on this machine");
  transfer::FileSource bytes(source.file, 0, source.status.size);
  transfer::CopyOptions options;
  options.size = source.status.size;
  options.hasher = hasher.get();
  options.progress = control.progress;
  options.after_write = control.pace;
  options.stop = control.stop;
  options.bypass_cache = true;
  if (auto copied = transfer::copy_bytes(bytes, temporary, options); !copied) return fail(copied.error());
  const auto now = source.file->status();
  if (!now) return fail(now.error());
  if (!now->unchanged_since(source.status))
    return fail(ErrorKind::source_changed, source.file->name() + " was changed while it was being copied");
  if (hasher && hasher->finish() != digest->hex) {
    return fail(
        ErrorKind::integrity,
        source.file->name() + " does not match its key: the local copy is damaged; see git annex fsck");
  }
  return hasher != nullptr;
}

Status set_object_mode(const fs::File& file, const fs::Sharing& sharing) {
  const auto status = file.status();
  if (!status) return fail(status.error());
  const mode_t mode = sharing.file_mode(status->mode & kObjectMode);
  return file.change_mode(mode);
}

}  // namespace

// The work directory is removed by whoever leaves it empty, perhaps just when we want to use it.
Result<fs::TemporaryFile> RiaDataset::create_temporary(std::optional<fs::Directory>& work) {
  for (int tries = 0;; ++tries) {
    auto directory = work_directory();
    if (!directory) return fail(directory.error());
    work.emplace(std::move(*directory));
    auto temporary = fs::TemporaryFile::create(*work, 0666);
    if (temporary || temporary.error().code != ENOENT || tries == kMostTries) return temporary;
  }
}

Status RiaDataset::publish(fs::TemporaryFile& temporary, const annex::Key& key) {
  for (int tries = 0;; ++tries) {
    const auto directory = make_key_directory(key);
    auto renamed = directory ? temporary.rename_to(*directory, key.file_name()) : fail(directory.error());
    if (renamed) return renamed;
    const bool pruned =
        renamed.error().kind == ErrorKind::not_found;  // by a removal of the last object beside ours
    if (pruned && tries < kMostTries) continue;
    prune_empty(key);
    return renamed;
  }
}

// Whoever wrote it may have been stopped between showing it and making it durable, or never have tried.
Status RiaDataset::make_durable(const annex::Key& key) {
  const auto directory = directory_.open_directory(key_directory(key));
  if (!directory) return fail(directory.error());
  if (auto synced = directory_.sync_path(key_directory(key)); !synced) return synced;
  const auto file = directory->open_file(key.file_name(), O_RDONLY | O_NONBLOCK);
  if (!file && file.error().kind != ErrorKind::permission) return fail(file.error());
  if (file)
    if (auto synced = file->sync(); !synced) return synced;
  return directory->sync();
}

Result<bool> RiaDataset::keep_existing(const annex::Key& key, std::uint64_t size) {
  const auto loose = loose_presence(key, size);
  if (!loose) return fail(loose.error());
  // An archive that cannot be read is no reason not to store. A loose object of the wrong size is replaced
  // even so: others would read it and not the archive.
  const auto archived = *loose == Presence::absent ? archived_presence(key, size) : Presence::absent;
  const bool sealed = archived && *archived == Presence::archived;
  if (sealed) return SealedArchive::make_durable(directory_);
  if (*loose != Presence::present) return false;
  const auto durable = make_durable(key);
  if (const auto work = directory_.open_directory(kWorkDirectory)) sweep(*work);
  if (durable) return true;
  if (durable.error().code == ENOENT) return false;  // removed at this moment
  return fail(durable.error());
}

Result<StoreReport> RiaDataset::store(const annex::Key& key, const std::string& source_path,
                                      const TransferControl& control) {
  const auto source = open_source(directory_.ops(), key, source_path);
  if (!source) return fail(source.error());
  const auto damaged = control.replace ? identity_of(key) : std::nullopt;
  if (!key.is_mutable() && !control.replace) {
    const auto kept = keep_existing(key, source->status.size);
    if (!kept) return fail(kept.error());
    if (*kept) return StoreReport{.already_there = true, .hashed = false, .bytes = source->status.size};
  }
  std::optional<fs::Directory> work;
  auto temporary = create_temporary(work);
  if (!temporary) return fail(explained(std::move(temporary.error())));
  const auto hashed = copy_verified(*source, temporary->file(), key, control);
  if (!hashed) return fail(hashed.error());
  if (auto set = set_object_mode(temporary->file(), sharing()); !set) return fail(set.error());
  if (auto durable = temporary->make_durable(); !durable) return fail(durable.error());
  if (damaged)
    if (const auto moved = quarantine(key, damaged); !moved) return fail(moved.error());
  if (auto published = publish(*temporary, key); !published)
    return fail(explained(std::move(published.error())));
  return StoreReport{.already_there = false, .hashed = *hashed, .bytes = source->status.size};
}

namespace {

std::string quarantine_name() {
  const std::time_t now = std::time(nullptr);
  std::tm calendar{};
  ::gmtime_r(&now, &calendar);
  char text[40];  // NOLINT: strftime wants a plain array
  return std::string(text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ-", &calendar)) + random_hex(4);
}

}  // namespace

Result<std::optional<std::string>> RiaDataset::quarantine(const annex::Key& key,
                                                          const std::optional<fs::Identity>& only) {
  const auto from = directory_.open_directory(key_directory(key));
  if (!from && from.error().code == ENOENT) return std::optional<std::string>{};
  if (!from) return fail(from.error());
  const auto is_meant = [&](const fs::Directory& where) {
    const auto status = where.status_of(key.file_name());
    return !only || (status && status->identity == *only);
  };
  if (!is_meant(*from)) return std::optional<std::string>{};
  if (const auto work = work_directory(); !work) return fail(work.error());
  const std::string place = quarantine_name();
  const auto to = directory_.make_path(std::string{kQuarantine} + "/" + place, sharing());
  if (!to) return fail(to.error());
  const auto moved = from->rename(key.file_name(), *to, key.file_name());
  // Replaced between our look and our move: what we hold is the good one.
  const bool kept = moved && !is_meant(*to) && to->rename(key.file_name(), *from, key.file_name());
  if (!moved || kept) {
    remove_quarantine(place);
    if (kept || moved.error().code == ENOENT) return std::optional<std::string>{};
    return fail(moved.error());
  }
  if (auto synced = to->sync(); !synced) return fail(synced.error());
  prune_empty(key);
  return to->name_of(key.file_name());
}

Result<bool> RiaDataset::note_damaged_member(const annex::Key& key, const fs::Identity& archive) {
  const auto contents = archive_.contents(directory_);
  if (!contents) return fail(contents.error());
  if (!*contents || (*contents)->status.identity != archive) return false;
  std::optional<fs::Directory> work;
  auto temporary = create_temporary(work);
  if (!temporary) return fail(temporary.error());
  const auto notes = directory_.make_path(kDamagedMembers, sharing());
  if (!notes) return fail(notes.error());
  if (auto noted = note_damaged(*notes, *temporary, key, (*contents)->status); !noted)
    return fail(noted.error());
  return true;
}

// Of a place that was not needed after all.
void RiaDataset::remove_quarantine(const std::string& place) {
  const auto quarantine = directory_.open_directory(kQuarantine);
  if (!quarantine || !quarantine->remove_directory(place)) return;
  if (const auto work = directory_.open_directory(kWorkDirectory))
    ignore_error(work->remove_directory("quarantine"), "others are in it");
}

}  // namespace microstage::store
