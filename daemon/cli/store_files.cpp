#include "daemon/cli/store_files.h"

#include <cerrno>
#include <span>

#include "lib/fs/temporary_file.h"

namespace microstage::cli {

Status write_file(const fs::Directory& directory, const std::string& name, std::string_view text,
                  const fs::Sharing& sharing) {
  auto temporary = fs::TemporaryFile::create(directory, 0666);
  if (!temporary) return fail(temporary.error());
  if (auto written = temporary->file().write_at(std::as_bytes(std::span{text}), 0); !written) return written;
  if (!sharing.umask_decides()) {
    const auto status = temporary->file().status();
    if (!status) return fail(status.error());
    if (auto changed = temporary->file().change_mode(sharing.file_mode(status->mode & 07777)); !changed)
      return changed;
  }
  return temporary->publish(directory, name);
}

Result<bool> exists(const fs::Directory& directory, const std::string& path) {
  const auto status = directory.status_of(path);
  if (!status && status.error().code != ENOENT) return fail(status.error());
  return status.has_value();
}

Result<bool> write_file_once(const fs::Directory& directory, const std::string& name, std::string_view text,
                             const fs::Sharing& sharing) {
  const auto there = exists(directory, name);
  if (!there) return fail(there.error());
  if (*there) return false;
  if (auto written = write_file(directory, name, text, sharing); !written) return fail(written.error());
  return true;
}

}  // namespace microstage::cli
