#include "lib/fs/sharing.h"

#include <sys/stat.h>

#include <charconv>

namespace microstage::fs {

std::optional<Sharing> Sharing::parse(std::string_view text) {
  Sharing sharing;
  if (text.empty() || text == "false" || text == "umask" || text == "no" || text == "off") return sharing;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  const bool number = error == std::errc{} && end == text.data() + text.size();
  constexpr unsigned kUmask = 0;  // what git writes for its old names
  constexpr unsigned kGroup = 1;
  constexpr unsigned kEverybody = 2;
  if (number && value == kUmask) return sharing;
  if (text == "true" || text == "group" || text == "yes" || text == "on" || (number && value == kGroup)) {
    sharing.bits_ = 0660;
    return sharing;
  }
  if (text == "all" || text == "world" || text == "everybody" || (number && value == kEverybody)) {
    sharing.bits_ = 0664;
    return sharing;
  }
  constexpr unsigned kOwnerNeeds = 0600;
  if (!number || value > 0777 || (value & kOwnerNeeds) != kOwnerNeeds) return std::nullopt;
  sharing.bits_ = value & 0666;
  sharing.exact_ = true;
  return sharing;
}

mode_t Sharing::file_mode(mode_t mode) const {
  if (umask_decides()) return mode;
  const mode_t writable = (mode & S_IWUSR) != 0 ? mode_t{0777} : mode_t{0555};
  const mode_t wanted = bits_ & writable;
  return exact_ ? (mode & ~mode_t{0777}) | wanted : mode | wanted;
}

mode_t Sharing::directory_mode(mode_t mode) const {
  if (umask_decides()) return mode;
  const mode_t base = exact_ ? (mode & ~mode_t{0777}) | bits_ : mode | bits_;
  const mode_t searchable = (base & 0444) >> 2;             // who may read a directory may enter it
  const mode_t inherit = (base & 0060) != 0 ? S_ISGID : 0;  // files below belong to the directory's group
  return base | searchable | inherit;
}

}  // namespace microstage::fs
