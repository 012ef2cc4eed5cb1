#include "lib/transfer/partials.h"

#include "lib/fs/directory.h"

namespace microstage::transfer {

namespace {

void remove_if_abandoned(const fs::Directory& directory, const std::string& name, std::int64_t oldest) {
  const auto file = directory.open_file(name, O_RDWR | O_NONBLOCK);
  const auto locked = file ? file->try_lock() : fail(file.error());
  if (!locked || !*locked) return;
  const auto status = file->status();  // under the lock: its writer may have ended just now
  if (status && status->is_regular() && status->modified.tv_sec < oldest)
    ignore_error(directory.unlink(name), "it stays for the next time");
}

}  // namespace

void tidy_partials(fs::FileOps& ops, const std::string& directory_path, std::int64_t oldest) {
  if (const auto directory = fs::Directory::open(ops, directory_path)) {
    if (const auto names = directory->list()) {
      for (const std::string& name : *names)
        remove_if_abandoned(*directory, name, oldest);
    }
  }
  // Also the parent alone: whoever was to remove both may have been killed in between.
  ops.remove_directory(AT_FDCWD, directory_path.c_str());
  ops.remove_directory(AT_FDCWD, directory_path.substr(0, directory_path.rfind('/')).c_str());
}

}  // namespace microstage::transfer
