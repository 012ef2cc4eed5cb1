#include "lib/fs/directory.h"

#include <cerrno>
#include <optional>

#include "lib/core/text.h"

namespace microstage::fs {

namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY;

// A sibling may prune a directory between our making and our opening it; it cannot go on doing so for ever.
constexpr int kMostTries = 64;

}  // namespace

Result<Directory> Directory::open(FileOps& ops, const std::string& path) {
  auto file = File::open(ops, path, kOpenDirectory);
  if (!file) return failure_of(file);
  return Directory(std::move(*file));
}

Result<Directory> Directory::open_unread(FileOps& ops, const std::string& path) {
  auto file = File::open(ops, path, O_PATH | O_DIRECTORY);
  if (!file) return failure_of(file);
  return Directory(std::move(*file));
}

Result<Directory> Directory::open_directory(const std::string& path) const {
  auto file = open_file(path, kOpenDirectory);
  if (!file) return failure_of(file);
  return Directory(std::move(*file));
}

Result<File> Directory::open_file(const std::string& path, int flags, mode_t mode) const {
  const int fd =
      uninterrupted([&] { return ops().open(file_.descriptor(), path.c_str(), flags, mode, true); });
  if (fd >= 0) return File(ops(), fd, name_of(path));
  if (fd == -ELOOP || fd == -EXDEV) {
    return fail(ErrorKind::invalid,
                name_of(path) + ": a symbolic link is in the way; objects are never reached through links",
                -fd);
  }
  return fail(space_aware_error(ops(), file_.descriptor(), -fd, "open " + name_of(path)));
}

Result<Directory> Directory::make_child(const std::string& name, const Sharing& sharing) const {
  auto child = open_directory(name);
  if (!child && child.error().code == ENOENT) {
    const int made = ops().make_directory(file_.descriptor(), name.c_str(), 0777);
    if (made < 0 && made != -EEXIST)
      return fail(space_aware_error(ops(), file_.descriptor(), -made, "make directory " + name_of(name)));
    child = open_directory(name);
    if (child && made == 0 && !sharing.umask_decides()) {
      const auto status = child->status();
      const auto shared = status ? child->file_.change_mode(sharing.directory_mode(status->mode & 07777))
                                 : fail(status.error());
      if (!shared) {
        ignore_error(remove_directory(name), "others may use it already");
        return fail(shared.error());
      }
    }
  }
  if (!child) return child;
  if (auto synced = sync(); !synced) return fail(synced.error());
  return child;
}

Result<Directory> Directory::make_path(const std::string& path, const Sharing& sharing) const {
  // Nearly always all of it is there.
  auto whole = open_directory(path);
  if (whole || whole.error().code != ENOENT) return whole;
  const auto components = split(path, '/');
  for (int tries = 0;; ++tries) {
    Result<Directory> current = make_child(std::string{components.front()}, sharing);
    for (std::size_t i = 1; current && i < components.size(); ++i)
      current = current->make_child(std::string{components[i]}, sharing);
    if (current || current.error().kind != ErrorKind::not_found || tries == kMostTries) return current;
  }
}

Status Directory::sync_path(const std::string& path) const {
  std::optional<Directory> below;
  for (const std::string_view name : split(path, '/')) {
    const Directory& current = below ? *below : *this;
    if (auto synced = current.sync(); !synced) return synced;
    auto next = current.open_directory(std::string{name});
    if (!next) return fail(next.error());
    below.emplace(std::move(*next));
  }
  return {};
}

Result<FileStatus> Directory::status_of(const std::string& path) const {
  auto file = open_file(path, O_PATH | O_NOFOLLOW);
  if (!file) return failure_of(file);
  return file->status();
}

Status Directory::rename(const std::string& from, const Directory& to, const std::string& name) const {
  const int result = ops().rename(file_.descriptor(), from.c_str(), to.file_.descriptor(), name.c_str());
  if (result < 0) {
    return fail(space_aware_error(ops(), file_.descriptor(), -result,
                                  "rename " + name_of(from) + " to " + to.name_of(name)));
  }
  return {};
}

Status Directory::unlink(const std::string& name) const {
  const int result = ops().unlink(file_.descriptor(), name.c_str());
  if (result < 0) return fail(system_error(-result, "remove " + name_of(name)));
  return {};
}

Status Directory::remove_directory(const std::string& name) const {
  const int result = ops().remove_directory(file_.descriptor(), name.c_str());
  if (result < 0) return fail(system_error(-result, "remove directory " + name_of(name)));
  return {};
}

Status Directory::make_symlink(const std::string& target, const std::string& name) const {
  const int result = ops().make_symlink(target.c_str(), file_.descriptor(), name.c_str());
  if (result < 0) return fail(system_error(-result, "make symbolic link " + name_of(name)));
  return {};
}

Result<std::string> Directory::read_link(const std::string& name) const {
  std::string target;
  const int result = ops().read_link(file_.descriptor(), name.c_str(), target);
  if (result < 0) return fail(system_error(-result, "read link " + name_of(name)));
  return target;
}

Result<std::vector<std::string>> Directory::list() const {
  std::vector<std::string> names;
  const int result = ops().list(file_.descriptor(), names);
  if (result < 0) return fail(system_error(-result, "list " + name()));
  return names;
}

}  // namespace microstage::fs
