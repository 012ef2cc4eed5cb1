#pragma once
// A RIA store on a mounted file system: one directory per dataset, found by id or by alias. Layout:
// ria_layout.md.
//
// Threads: const members may be called from several threads.

#include <string>

#include "lib/core/ids.h"
#include "lib/fs/directory.h"
#include "lib/store/ria_layout.h"

namespace microstage::store {

// The first line of a ria-layout-version file: a number and, behind a bar, flags ("l": clients log their
// errors).
struct LayoutVersion {
  std::string number;
  std::string flags;

  // Never fails: an unknown text is an unknown number.
  [[nodiscard]] static LayoutVersion parse(std::string_view text);
};

inline constexpr std::string_view kStoreVersion = "1";

enum class UnknownLayout {
  refuse,  // neither reading nor writing is guessed at
  assume,  // the user insists: take it for the newest layout that is known
};

class RiaStore {
 public:
  // Errors: mount_sick when the root or its version file is missing (an unmounted store looks like that),
  // unsupported when the version is not 1 and `unknown` refuses that.
  [[nodiscard]] static Result<RiaStore> open(fs::FileOps& ops, const std::string& root,
                                             UnknownLayout unknown = UnknownLayout::refuse);

  [[nodiscard]] const LayoutVersion& layout() const { return layout_; }
  [[nodiscard]] const fs::Directory& root() const { return root_; }
  [[nodiscard]] const std::string& path() const { return root_.name(); }
  // Fails (mount_sick) once the path leads elsewhere: then what is missing here says nothing.
  [[nodiscard]] Status confirm_still_there() const;
  // The directory of a dataset. Errors: that of absence_of, and invalid when a symbolic link is in the way.
  [[nodiscard]] Result<fs::Directory> open_dataset(const DatasetId& id) const;
  // What to say of a dataset that was not found: not_found, or mount_sick when the store itself is gone.
  [[nodiscard]] Error absence_of(const DatasetId& id) const;

 private:
  RiaStore(fs::Directory root, LayoutVersion layout) : root_(std::move(root)), layout_(std::move(layout)) {}
  fs::Directory root_;
  LayoutVersion layout_;
};

// Reads and parses the version file in `directory`.
[[nodiscard]] Result<LayoutVersion> read_layout_version(const fs::Directory& directory);

}  // namespace microstage::store
