#pragma once
// A file under a random name of its own until it is published: locked while it is being written, so that
// litter of a killed process can be told from work in progress and swept by anybody.
//
// Threads: one at a time.

#include <optional>
#include <string>
#include <string_view>

#include "lib/fs/directory.h"

namespace microstage::fs {

class TemporaryFile {
 public:
  // Makes a file in `directory` (which must outlive it) with `mode` and the umask.
  [[nodiscard]] static Result<TemporaryFile> create(const Directory& directory, mode_t mode);

  TemporaryFile(TemporaryFile&& other) noexcept
      : directory_(std::exchange(other.directory_, nullptr)),
        name_(std::move(other.name_)),
        file_(std::move(other.file_)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();  // removes the file unless it was published

  [[nodiscard]] File& file() { return file_; }

  // Makes the content durable and gives it its final name, replacing what has it: fsync, close's verdict,
  // rename, fsync of `to`. On an error before the rename nothing is visible under `name` that was not before.
  [[nodiscard]] Status publish(const Directory& to, const std::string& name);

  // fsync and close's verdict, the first half of publish: call once, then rename_to.
  [[nodiscard]] Status make_durable() const;
  // The second half; may be tried again when `to` was pruned meanwhile (not_found).
  [[nodiscard]] Status rename_to(const Directory& to, const std::string& name);

 private:
  TemporaryFile(const Directory& directory, std::string name, File file)
      : directory_(&directory), name_(std::move(name)), file_(std::move(file)) {}

  const Directory* directory_;
  std::string name_;
  File file_;
};

// Whether a TemporaryFile may have this name: 16 hexadecimal digits and ".part", nothing else that ends so.
[[nodiscard]] bool is_temporary_name(std::string_view name);

// Removes the temporary files in `directory`, by exactly such names, that no living process holds. Returns
// how many. Only for directories that are ours: others may use such names too.
[[nodiscard]] Result<unsigned> sweep_temporary_files(const Directory& directory);

}  // namespace microstage::fs
