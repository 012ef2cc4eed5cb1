#pragma once
// Notes on members of an archive that were found damaged. A loose object is moved out of the way; a member
// cannot be, and its size goes on looking right: without a note the next process would vouch for it, and the
// last good copy elsewhere could be dropped. Notes lie in .microstage/damaged/KEY of the dataset; each names
// the state of the archive that it is about, and means nothing when that was replaced.
//
// Threads: any.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/annex/key.h"
#include "lib/fs/temporary_file.h"

namespace microstage::store {

// The state of a file in words, one line without its end. Neither the device nor the time of change: the same
// file has others when it is seen through another mount, or when somebody changes its mode.
[[nodiscard]] std::string state_note(const fs::FileStatus& file);

// What state_note says that can also be seen from afar.
struct NotedState {
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // seconds since the epoch
};
// Of what a note_damaged wrote, or nothing.
[[nodiscard]] std::optional<NotedState> parse_state_note(std::string_view note);

inline constexpr const char* kDamagedMembers = ".microstage/damaged";  // below a dataset
inline constexpr std::size_t kLongestNote = 200;

// Is there a note on this key and this state of the archive?
[[nodiscard]] Result<bool> is_noted_damaged(const fs::Directory& dataset, const annex::Key& key,
                                            const fs::FileStatus& archive);

// Writes the note into `temporary`, a file on the same file system, and publishes it in `notes`.
[[nodiscard]] Status note_damaged(const fs::Directory& notes, fs::TemporaryFile& temporary,
                                  const annex::Key& key, const fs::FileStatus& archive);

}  // namespace microstage::store
