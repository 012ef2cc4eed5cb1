// RiaDataset::store, ::quarantine and ::note_damaged_member: how objects come in, and how damaged ones go out
// of the way.

#include <cerrno>
#include <ctime>

#include "lib/core/random.h"
#include "lib/store/damaged_members.h"
#include "lib/store/ria_dataset.h"

namespace microstage::store {

namespace {

constexpr mode_t kObjectMode = 0444;  // as git-annex protects its own objects
constexpr const char* kWorkDirectory = ".microstage";
constexpr const char* kQuarantine = ".microstage/quarantine";

Status set_object_mode(const fs::File& file, const fs::Sharing& sharing) {
  const auto status = file.status();
  if (!status) return fail(status.error());
  const mode_t mode = sharing.file_mode(status->mode & kObjectMode);
  return file.change_mode(mode);
}

}  // namespace

Status RiaDataset::publish(fs::TemporaryFile& temporary, const annex::Key& key) {
  auto published = publish_in(
      temporary, [&] { return make_key_directory(key); }, key.file_name());
  if (!published) prune_empty(key);
  return published;
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
  const auto replaced = control.replace ? holder_of(key) : std::nullopt;
  if (!key.is_mutable() && !control.replace) {
    const auto kept = keep_existing(key, source->status.size);
    if (!kept) return fail(kept.error());
    if (*kept) return StoreReport{.already_there = true, .hashed = false, .bytes = source->status.size};
  }
  std::optional<fs::Directory> work;
  auto temporary = create_temporary([this] { return work_directory(); }, work);
  if (!temporary) return fail(explained(std::move(temporary.error())));
  const auto hashed = copy_verified(*source, temporary->file(), key, control);
  if (!hashed) return fail(hashed.error());
  if (auto set = set_object_mode(temporary->file(), sharing()); !set) return fail(set.error());
  if (auto durable = temporary->make_durable(); !durable) return fail(durable.error());
  if (replaced)
    if (const auto moved = quarantine(key, replaced->identity); !moved) return fail(moved.error());
  if (auto published = publish(*temporary, key); !published)
    return fail(explained(std::move(published.error())));
  if (auto there = confirm_still_there(); !there) return fail(there.error());
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
  auto temporary = create_temporary([this] { return work_directory(); }, work);
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
