#include "lib/store/sealed_archive.h"

#include <cerrno>

#include "lib/store/archive/table_reader.h"

namespace microstage::store {

namespace {

bool is_missing(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR;
}

// Also a change that kept size and modification time, or gave them back, shows in the time of change.
bool is_same(const fs::FileStatus& a, const fs::FileStatus& b) {
  return a.unchanged_since(b) && a.changed.tv_sec == b.changed.tv_sec &&
         a.changed.tv_nsec == b.changed.tv_nsec;
}

Status check_regular(const fs::FileStatus& status, const std::string& name) {
  if (status.is_regular()) return {};
  return fail(ErrorKind::invalid, name + " is no regular file; archives are never reached through links");
}

Result<archive::MemberTable> read_table(const fs::File& file, std::uint64_t size) {
  archive::TableReader reader(size);
  std::vector<std::byte> buffer;
  while (const auto range = reader.wanted()) {
    buffer.resize(static_cast<std::size_t>(range->size));
    const auto count = file.read_at(buffer, range->offset);
    if (!count) return fail(count.error());
    if (auto fed = reader.feed(std::span(buffer).first(*count)); !fed) {
      Error error = std::move(fed.error());
      error.message = "the archive " + file.name() + " cannot be read: " + error.message;
      return fail(std::move(error));
    }
  }
  return reader.take();
}

// Will the next attempt on the same file say the same?
bool is_final(const Error& error) {
  return error.kind == ErrorKind::integrity || error.kind == ErrorKind::unsupported;
}

}  // namespace

SealedArchive::Outcome SealedArchive::read_again(const fs::File& file) const {
  const auto before = file.status();
  if (!before) return fail(before.error());
  if (auto regular = check_regular(*before, file.name()); !regular) return fail(regular.error());
  if (known_ && is_same(known_->status, *before)) return known_->outcome;
  auto table = read_table(file, before->size);
  const auto after = file.status();
  if (!after) return fail(after.error());
  if (!is_same(*before, *after))
    return fail(ErrorKind::transient, "the archive " + file.name() + " is being written at this moment");
  if (!table && !is_final(table.error())) return fail(table.error());
  Outcome outcome = table ? Outcome(std::make_shared<const Contents>(Contents{*before, std::move(*table)}))
                          : Outcome(fail(table.error()));
  known_.emplace(Known{*before, outcome});
  return outcome;
}

Result<std::optional<SealedArchive::Opened>> SealedArchive::open(const fs::Directory& dataset) const {
  auto file = dataset.open_file(kPath, O_RDONLY | O_NONBLOCK);
  if (!file && is_missing(file.error())) return std::optional<Opened>{};
  if (!file) return failure_of(file);
  const std::lock_guard lock(mutex_);
  auto read = read_again(*file);
  if (!read) return failure_of(read);
  return Opened{std::make_shared<const fs::File>(std::move(*file)), std::move(*read)};
}

Result<std::shared_ptr<const SealedArchive::Contents>> SealedArchive::contents(
    const fs::Directory& dataset) const {
  const auto status = dataset.status_of(kPath);
  if (!status && is_missing(status.error())) return nullptr;
  if (!status) return fail(status.error());
  if (auto regular = check_regular(*status, dataset.name_of(kPath)); !regular) return fail(regular.error());
  {
    const std::lock_guard lock(mutex_);
    if (known_ && is_same(known_->status, *status)) return known_->outcome;
  }
  auto opened = open(dataset);
  if (!opened) return failure_of(opened);
  return *opened ? std::move((*opened)->contents) : nullptr;
}

Result<bool> SealedArchive::make_durable(const fs::Directory& dataset) {
  const std::string path = kPath;
  const std::string parent = path.substr(0, path.find('/'));
  const auto directory = dataset.open_directory(parent);
  const auto file = directory ? dataset.open_file(path, O_RDONLY | O_NONBLOCK) : fail(directory.error());
  if (!file && is_missing(file.error())) return false;
  if (!file) return fail(file.error());
  if (auto synced = dataset.sync_path(parent); !synced) return fail(synced.error());
  if (auto synced = file->sync(); !synced) return fail(synced.error());
  if (auto synced = directory->sync(); !synced) return fail(synced.error());
  return true;
}

}  // namespace microstage::store
