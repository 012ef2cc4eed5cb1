#include "tests/support/power_cut_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace microstage::testing {

namespace {

using File = PowerCutVfs::File;

struct Handle {
  sqlite3_file base{};
  PowerCutVfs* vfs = nullptr;
  std::shared_ptr<File> file;
};

Handle& of(sqlite3_file* file) {
  return *reinterpret_cast<Handle*>(file);
}

void carry_out(std::string& content, const PowerCutVfs::Write& write) {
  if (write.truncates) {
    content.resize(write.offset);
    return;
  }
  content.resize(std::max<std::size_t>(content.size(), write.offset + write.bytes.size()));
  content.replace(write.offset, write.bytes.size(), write.bytes);
}

int change(Handle& handle, PowerCutVfs::Write write, int failure) {
  if (const int code = handle.vfs->change(failure); code != SQLITE_OK) return code;
  carry_out(handle.file->content, write);
  handle.file->pending.push_back(std::move(write));
  return SQLITE_OK;
}

int close_file(sqlite3_file* file) {
  of(file).~Handle();
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* buffer, int amount, sqlite3_int64 offset) {
  if (const int code = of(file).vfs->read(); code != SQLITE_OK) return code;
  const std::string& content = of(file).file->content;
  const auto wanted = static_cast<std::size_t>(amount);
  const auto start = std::min(static_cast<std::size_t>(offset), content.size());
  const std::size_t count = std::min(wanted, content.size() - start);
  std::memcpy(buffer, content.data() + start, count);
  std::memset(static_cast<char*>(buffer) + count, 0, wanted - count);
  return count == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* buffer, int amount, sqlite3_int64 offset) {
  const std::string bytes(static_cast<const char*>(buffer), static_cast<std::size_t>(amount));
  return change(of(file), {static_cast<std::uint64_t>(offset), bytes, false}, SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return change(of(file), {static_cast<std::uint64_t>(size), {}, true}, SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* file, int) {
  if (const int code = of(file).vfs->change(SQLITE_IOERR_FSYNC); code != SQLITE_OK) return code;
  File& synced = *of(file).file;
  synced.durable = synced.content;
  synced.durable_name = true;
  synced.pending.clear();
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(of(file).file->content.size());
  return SQLITE_OK;
}

int grant(sqlite3_file*, int) {
  return SQLITE_OK;
}

int reserved(sqlite3_file*, int* held) {
  *held = 0;
  return SQLITE_OK;
}

int control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}

int sector_size(sqlite3_file*) {
  return 512;
}

int characteristics(sqlite3_file*) {
  return 0;
}

int shared_map(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  auto& shared = of(file).file->shared;
  const auto index = static_cast<std::size_t>(region);
  while (extend != 0 && shared.size() <= index)
    shared.push_back(std::make_unique<std::vector<char>>(static_cast<std::size_t>(size)));
  *memory = index < shared.size() ? shared[index]->data() : nullptr;
  return SQLITE_OK;
}

int shared_lock(sqlite3_file*, int, int, int) {
  return SQLITE_OK;
}

void shared_barrier(sqlite3_file*) {}

int shared_unmap(sqlite3_file* file, int) {
  of(file).file->shared.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods{
    2,           close_file,     read_file,    write_file, truncate_file, sync_file,       file_size,
    grant,       grant,          reserved,     control,    sector_size,   characteristics, shared_map,
    shared_lock, shared_barrier, shared_unmap, nullptr,    nullptr};

PowerCutVfs& of(sqlite3_vfs* vfs) {
  return *static_cast<PowerCutVfs*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  auto found = of(vfs).file(name == nullptr ? "" : name, (flags & SQLITE_OPEN_CREATE) != 0);
  if (!found) return SQLITE_CANTOPEN;
  auto* handle = new (file) Handle;
  handle->base.pMethods = &kMethods;
  handle->vfs = &of(vfs);
  handle->file = std::move(found);
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int durably) {
  if (!of(vfs).exists(name)) return SQLITE_IOERR_DELETE_NOENT;
  if (const int code = of(vfs).change(SQLITE_IOERR_DELETE); code != SQLITE_OK) return code;
  of(vfs).remove(name, durably != 0);
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* result) {
  *result = of(vfs).exists(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_pathname(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

}  // namespace

PowerCutVfs::PowerCutVfs(std::string name)
    : name_(std::move(name)), vfs_(std::make_unique<sqlite3_vfs>(*sqlite3_vfs_find(nullptr))) {
  vfs_->szOsFile = sizeof(Handle);
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->pNext = nullptr;
  vfs_->xOpen = open_file;
  vfs_->xDelete = delete_file;
  vfs_->xAccess = access_file;
  vfs_->xFullPathname = full_pathname;
  sqlite3_vfs_register(vfs_.get(), 0);
}

PowerCutVfs::~PowerCutVfs() {
  sqlite3_vfs_unregister(vfs_.get());
}

void PowerCutVfs::trouble_at(std::uint64_t n, Trouble trouble) {
  count_ = 0;
  trouble_at_ = n;
  trouble_ = trouble;
  met_ = false;
}

int PowerCutVfs::next(int failure) {
  if (dead_) return SQLITE_IOERR;
  if (++count_ != trouble_at_) return SQLITE_OK;
  met_ = true;
  dead_ = trouble_ == Trouble::cut;
  return trouble_ == Trouble::full ? SQLITE_FULL : failure;
}

int PowerCutVfs::change(int failure) {
  return next(failure);
}

int PowerCutVfs::read() {
  return trouble_ == Trouble::fail ? next(SQLITE_IOERR_READ) : dead_ ? SQLITE_IOERR : SQLITE_OK;
}

std::shared_ptr<File> PowerCutVfs::file(const std::string& path, bool create) {
  const auto found = files_.find(path);
  if (found != files_.end() && found->second->named) return found->second;
  if (!create || dead_) return nullptr;
  auto made = std::make_shared<File>();
  if (found != files_.end()) made->durable = found->second->durable;  // of a name whose removal may be undone
  if (found != files_.end()) made->durable_name = found->second->durable_name;
  files_[path] = made;
  return made;
}

bool PowerCutVfs::exists(const std::string& path) const {
  const auto found = files_.find(path);
  return found != files_.end() && found->second->named;
}

void PowerCutVfs::remove(const std::string& path, bool durably) {
  const auto found = files_.find(path);
  if (found == files_.end()) return;
  if (durably) {
    files_.erase(found);
  } else {
    found->second->named = false;
  }
}

void PowerCutVfs::power_on(unsigned seed) {
  std::mt19937 random(seed);
  for (auto entry = files_.begin(); entry != files_.end();) {
    File& file = *entry->second;
    file.content = file.durable;
    for (Write& write : file.pending) {
      const auto fate = seed == 0 ? 0 : random() % 3;
      if (fate == 2) write.bytes.resize(write.bytes.empty() ? 0 : random() % write.bytes.size());
      if (fate != 0) carry_out(file.content, write);
    }
    file.pending.clear();
    file.durable = file.content;
    file.shared.clear();
    file.named = true;
    entry = file.durable_name || seed != 0 ? std::next(entry) : files_.erase(entry);
  }
  dead_ = false;
  trouble_at(0, Trouble::cut);
}

}  // namespace microstage::testing
