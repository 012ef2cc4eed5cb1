#pragma once
// A directory below which files are opened without following symbolic links and without leaving it: names in
// a store are hostile (a link in place of a hash directory must not lead a write elsewhere).
//
// Paths given to members are relative to the directory. Threads: const members may be called from several
// threads.

#include <memory>
#include <string>
#include <vector>

#include "lib/fs/file.h"
#include "lib/fs/sharing.h"

namespace microstage::fs {

class Directory {
 public:
  // The starting point: `path` may contain symbolic links (mount points often do).
  [[nodiscard]] static Result<Directory> open(FileOps& ops, const std::string& path);

  // The same without the right to read it, as where everybody may drop files and nobody may look. It can be
  // neither listed nor fsynced.
  [[nodiscard]] static Result<Directory> open_unread(FileOps& ops, const std::string& path);

  [[nodiscard]] const std::string& name() const { return file_.name(); }
  [[nodiscard]] std::string name_of(std::string_view path) const { return name() + "/" + std::string{path}; }
  [[nodiscard]] FileOps& ops() const { return file_.ops(); }
  [[nodiscard]] Status sync() const { return file_.sync(); }
  [[nodiscard]] Result<FileStatus> status() const { return file_.status(); }

  [[nodiscard]] Result<Directory> open_directory(const std::string& path) const;
  [[nodiscard]] Result<File> open_file(const std::string& path, int flags, mode_t mode = 0666) const;

  // Opens the directory `path`, making what is missing of it with `sharing`'s modes. Where anything was
  // missing, every directory on the way is fsynced after it has its entry, also what others have made, so
  // that a file fsynced below cannot lose its way. Others may make or prune the same directories meanwhile.
  [[nodiscard]] Result<Directory> make_path(const std::string& path, const Sharing& sharing) const;

  // The same fsyncs for a directory `path` that is there: who made it may have been stopped before them.
  [[nodiscard]] Status sync_path(const std::string& path) const;

  // The status of `path` itself (a final symbolic link is not followed). `path` may have directories in it.
  [[nodiscard]] Result<FileStatus> status_of(const std::string& path) const;

  // One component each; no directories in `name`.
  [[nodiscard]] Status rename(const std::string& from, const Directory& to, const std::string& name) const;
  [[nodiscard]] Status unlink(const std::string& name) const;
  [[nodiscard]] Status remove_directory(const std::string& name) const;
  [[nodiscard]] Status make_symlink(const std::string& target, const std::string& name) const;
  // Where the link leads, as it is written; EINVAL when it is none.
  [[nodiscard]] Result<std::string> read_link(const std::string& name) const;
  [[nodiscard]] Result<std::vector<std::string>> list() const;

 private:
  explicit Directory(File file) : file_(std::move(file)) {}
  [[nodiscard]] Result<Directory> make_child(const std::string& name, const Sharing& sharing) const;

  File file_;
};

}  // namespace microstage::fs
