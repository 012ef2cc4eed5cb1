#pragma once
// Small files in a store: complete under their name or absent, durable, with the modes that the store shares
// by.

#include <string>

#include "lib/fs/directory.h"

namespace microstage::cli {

[[nodiscard]] Status write_file(const fs::Directory& directory, const std::string& name,
                                std::string_view text, const fs::Sharing& sharing);
// With the mode that it had.
[[nodiscard]] Status replace_file(const fs::Directory& directory, const std::string& name,
                                  std::string_view text, mode_t mode);

// A regular file that is reached through no symbolic link.
[[nodiscard]] Result<fs::File> open_regular(const fs::Directory& directory, const std::string& name);

// Nothing is written when something has the name. True: it was written.
[[nodiscard]] Result<bool> write_file_once(const fs::Directory& directory, const std::string& name,
                                           std::string_view text, const fs::Sharing& sharing);

[[nodiscard]] Result<bool> exists(const fs::Directory& directory, const std::string& path);

}  // namespace microstage::cli
