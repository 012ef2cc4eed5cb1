#include "lib/store/damaged_members.h"

#include <cerrno>

namespace microstage::store {

namespace {

constexpr std::size_t kLongestNote = 200;

// Not the device and the time of change: the same archive has others when it is seen through another mount,
// or when somebody changes its mode.
std::string note_on(const fs::FileStatus& archive) {
  return "inode " + std::to_string(archive.identity.inode) + " size " + std::to_string(archive.size) +
         " modified " + std::to_string(archive.modified.tv_sec) + " " +
         std::to_string(archive.modified.tv_nsec) + "\n";
}

}  // namespace

Result<bool> is_noted_damaged(const fs::Directory& dataset, const annex::Key& key,
                              const fs::FileStatus& archive) {
  const auto note =
      dataset.open_file(std::string{kDamagedMembers} + "/" + key.file_name(), O_RDONLY | O_NONBLOCK);
  if (!note && (note.error().code == ENOENT || note.error().code == ENOTDIR)) return false;
  if (!note) return fail(note.error());
  const auto text = read_small_file(*note, kLongestNote);
  if (!text) return fail(text.error());
  return *text == note_on(archive);
}

Status note_damaged(const fs::Directory& notes, fs::TemporaryFile& temporary, const annex::Key& key,
                    const fs::FileStatus& archive) {
  const std::string text = note_on(archive);
  if (auto written = temporary.file().write_at(std::as_bytes(std::span(text)), 0); !written) return written;
  return temporary.publish(notes, key.file_name());
}

}  // namespace microstage::store
