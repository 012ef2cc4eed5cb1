#include "lib/ledger/backup.h"

#include <sqlite3.h>

#include <cerrno>

#include "lib/fs/temporary_file.h"
#include "lib/ledger/verify.h"

namespace microstage::ledger {

namespace {

// TemporaryFile holds the lock that SQLite's own locking would run into, and nobody else knows the file.
constexpr const char* kWithoutLocks = "unix-none";

Status copy_pages(Database& from, Database& to) {
  sqlite3_backup* copying = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (copying == nullptr) return fail(database_error(to.handle(), "back up to " + to.path()));
  sqlite3_backup_step(copying, -1);
  if (sqlite3_backup_finish(copying) == SQLITE_OK) return {};
  return fail(database_error(to.handle(), "back up to " + to.path()));
}

// Without a write-ahead log readers need to write nothing, not even beside the file.
Status write_copy(const std::string& from, const std::string& to) {
  auto source = Reader::open(from);
  if (!source) return fail(source.error());
  auto target = Database::open(to, Access::write, kWithoutLocks);
  if (!target) return fail(target.error());
  // EXCLUSIVE: a log needs shared memory otherwise, which is not to be had without locks.
  const auto alone = target->execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF");
  if (!alone) return alone;
  if (auto copied = copy_pages(source->database(), *target); !copied) return copied;
  return target->execute("PRAGMA journal_mode = DELETE");
}

Result<Head> check_copy(const std::string& path) {
  auto reader = Reader::open(path, kWithoutLocks);
  if (!reader) return fail(reader.error());
  auto sound = reader->database().prepare("PRAGMA integrity_check(1)");
  if (!sound) return fail(sound.error());
  const auto row = sound->step();
  if (!row) return fail(row.error());
  if (sound->bytes(0) != "ok") {
    return fail(ErrorKind::integrity, "the ledger is damaged: " + std::string{sound->bytes(0)});
  }
  const auto verified = verify(*reader);
  if (!verified) return fail(verified.error());
  if (!verified->first_bad) return verified->head;
  return fail(ErrorKind::integrity, "the ledger does not verify: event " +
                                        std::to_string(verified->first_bad->seq) + ": " +
                                        verified->first_bad->what);
}

struct Place {
  std::string directory;
  std::string name;
};

Place place_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

// A log beside it would be taken for the copy's.
Status refuse_ledger_in_use(const fs::Directory& directory, const std::string& name) {
  for (const char* suffix : {"-wal", "-lock"}) {
    const auto status = directory.status_of(name + suffix);
    if (status) {
      return fail(ErrorKind::invalid, directory.name_of(name) + " is a ledger in use (it has a " + name +
                                          suffix + "); choose another name for the copy");
    }
    if (status.error().code != ENOENT) return fail(status.error());
  }
  return {};
}

}  // namespace

Result<Head> backup(fs::FileOps& ops, const std::string& from, const std::string& to) {
  const Place place = place_of(to);
  if (place.name.empty()) return fail(ErrorKind::invalid, to + " names no file; give a name for the copy");
  const auto directory = fs::Directory::open(ops, place.directory);
  if (!directory) return fail(directory.error());
  if (auto free = refuse_ledger_in_use(*directory, place.name); !free) return fail(free.error());
  auto file = fs::TemporaryFile::create(*directory, 0644);
  if (!file) return fail(file.error());
  const std::string path = file->file().name();
  if (auto copied = write_copy(from, path); !copied) return fail(copied.error());
  const auto head = check_copy(path);
  if (!head) return head;
  if (auto published = file->publish(*directory, place.name); !published) return fail(published.error());
  return head;
}

}  // namespace microstage::ledger
