#pragma once
// The modes that git's core.sharedRepository asks for (git-config(1)). A value; pure.

#include <sys/types.h>

#include <optional>
#include <string_view>

namespace microstage::fs {

class Sharing {
 public:
  Sharing() = default;  // the umask alone decides

  // git's spellings: false/umask, true/group, all/world/everybody, and octal 0xxx. Nothing for any other
  // text.
  [[nodiscard]] static std::optional<Sharing> parse(std::string_view text);

  [[nodiscard]] bool umask_decides() const { return bits_ == 0; }
  // What the mode of a file (or directory) made with `mode` should become.
  [[nodiscard]] mode_t file_mode(mode_t mode) const;
  [[nodiscard]] mode_t directory_mode(mode_t mode) const;

 private:
  mode_t bits_ = 0;
  bool exact_ = false;  // the octal form replaces the permissions instead of adding to them
};

}  // namespace microstage::fs
