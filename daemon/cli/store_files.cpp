#include "daemon/cli/store_files.h"

#include <cerrno>
#include <span>

#include "lib/fs/temporary_file.h"

namespace microstage::cli {

namespace {

// `mode` of the mode that the umask gives.
template <class Mode>
Status write_with(const fs::Directory& directory, const std::string& name, std::string_view text,
                  const Mode& mode) {
  auto temporary = fs::TemporaryFile::create(directory, 0666);
  if (!temporary) return fail(temporary.error());
  if (auto written = temporary->file().write_at(std::as_bytes(std::span{text}), 0); !written) return written;
  const auto status = temporary->file().status();
  if (!status) return fail(status.error());
  const mode_t given = status->mode & 07777;
  if (mode(given) != given)
    if (auto changed = temporary->file().change_mode(mode(given)); !changed) return changed;
  return temporary->publish(directory, name);
}

}  // namespace

Status write_file(const fs::Directory& directory, const std::string& name, std::string_view text,
                  const fs::Sharing& sharing) {
  return write_with(directory, name, text,
                    [&](mode_t given) { return sharing.umask_decides() ? given : sharing.file_mode(given); });
}

Status replace_file(const fs::Directory& directory, const std::string& name, std::string_view text,
                    mode_t mode) {
  return write_with(directory, name, text, [&](mode_t) { return mode & 0777; });
}

Result<fs::File> open_regular(const fs::Directory& directory, const std::string& name) {
  auto file = directory.open_file(name, O_RDONLY | O_NONBLOCK);
  if (!file) return file;
  const auto status = file->status();
  if (!status) return fail(status.error());
  if (!status->is_regular()) return fail(ErrorKind::invalid, file->name() + " is no regular file");
  return file;
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
