#include "lib/fs/temporary_file.h"

#include <cerrno>

#include "lib/core/random.h"

namespace microstage::fs {

namespace {

constexpr std::string_view kSuffix = ".part";
constexpr std::size_t kRandomBytes = 8;

// A new file can be swept between its creation and its locking; then its name is gone, or a sweeper holds the
// lock and is about to take it, and another file must be made.
Result<bool> still_named(const Directory& directory, const std::string& name, const File& file) {
  const auto ours = file.status();
  if (!ours) return fail(ours.error());
  const auto named = directory.status_of(name);
  if (!named && named.error().code != ENOENT) return fail(named.error());
  return named && named->identity == ours->identity;
}

constexpr int kMostTries = 16;

}  // namespace

Result<TemporaryFile> TemporaryFile::create(const Directory& directory, mode_t mode) {
  for (int tries = 0; tries < kMostTries; ++tries) {
    const std::string name = random_hex(kRandomBytes) + std::string{kSuffix};
    auto file = directory.open_file(name, O_RDWR | O_CREAT | O_EXCL, mode);
    if (!file && file.error().code == EEXIST) continue;
    if (!file) return failure_of(file);
    TemporaryFile temporary(directory, name, std::move(*file));
    const auto locked = temporary.file_.try_lock();  // an error: without locks nobody sweeps
    if (locked && !*locked) continue;
    const auto named = still_named(directory, name, temporary.file_);
    if (!named) return fail(named.error());
    if (*named) return temporary;
  }
  return fail(ErrorKind::transient, "no temporary file could be kept in " + directory.name());
}

TemporaryFile::~TemporaryFile() {
  if (directory_ != nullptr) ignore_error(directory_->unlink(name_), "the next sweep removes it");
}

Status TemporaryFile::make_durable() const {
  if (auto synced = file_.sync(); !synced) return synced;
  return file_.flush();
}

Status TemporaryFile::rename_to(const Directory& to, const std::string& name) {
  if (auto renamed = directory_->rename(name_, to, name); !renamed) return renamed;
  directory_ = nullptr;
  return to.sync();
}

Status TemporaryFile::publish(const Directory& to, const std::string& name) {
  if (auto durable = make_durable(); !durable) return durable;
  return rename_to(to, name);
}

bool is_temporary_name(std::string_view name) {
  return name.size() == 2 * kRandomBytes + kSuffix.size() && name.ends_with(kSuffix) &&
         name.find_first_not_of("0123456789abcdef") == 2 * kRandomBytes;
}

Result<unsigned> sweep_temporary_files(const Directory& directory) {
  const auto names = directory.list();
  if (!names) return fail(names.error());
  unsigned removed = 0;
  for (const std::string& name : *names) {
    if (!is_temporary_name(name)) continue;
    // For reading only: a finished file has lost its write bits before it is published.
    const auto file = directory.open_file(name, O_RDONLY | O_NONBLOCK);
    if (!file) continue;  // gone, or another user's: theirs to sweep
    const auto locked = file->try_lock();
    if (!locked || !*locked) continue;
    if (directory.unlink(name)) ++removed;
  }
  return removed;
}

}  // namespace microstage::fs
