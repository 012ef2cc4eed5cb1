#pragma once
// How a git tree names annexed content: the target of a locked file's symbolic link, and the text in place of
// an unlocked file. Pure; any thread.
// Source: git-annex's internals and pointer_file pages.

#include <optional>
#include <string_view>

#include "lib/annex/key.h"

namespace microstage::annex {

// The key of a locked file: the last component of a path through annex/objects. The hash directories on the
// way may be out of date and are not looked at.
[[nodiscard]] std::optional<Key> key_of_link(std::string_view target);

// No pointer file is longer.
inline constexpr std::size_t kLongestPointer = 32 * 1024;

// The key of an unlocked file: "/annex/objects/KEY" on the first line (or a link's target, where links were
// checked out as files), and on further ones nothing but text that mentions /annex/.
[[nodiscard]] std::optional<Key> key_of_pointer(std::string_view content);

}  // namespace microstage::annex
