#include "lib/store/damaged_members.h"

#include <cerrno>
#include <charconv>

#include "lib/core/text.h"

namespace microstage::store {

namespace {

// The number that follows `word` and a blank, up to the next blank or the end.
template <class Number>
bool consume_field(std::string_view& text, std::string_view word, Number& number) {
  if (!consume_prefix(text, word)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string state_note(const fs::FileStatus& file) {
  return "inode " + std::to_string(file.identity.inode) + " size " + std::to_string(file.size) +
         " modified " + std::to_string(file.modified.tv_sec) + " " + std::to_string(file.modified.tv_nsec);
}

std::optional<NotedState> parse_state_note(std::string_view note) {
  NotedState state;
  std::uint64_t inode = 0;
  std::uint32_t nanoseconds = 0;
  const bool whole = consume_field(note, "inode ", inode) && consume_field(note, " size ", state.size) &&
                     consume_field(note, " modified ", state.modified) &&
                     consume_field(note, " ", nanoseconds) && (note.empty() || note == "\n");
  return whole ? std::optional(state) : std::nullopt;
}

Result<bool> is_noted_damaged(const fs::Directory& dataset, const annex::Key& key,
                              const fs::FileStatus& archive) {
  const auto note =
      dataset.open_file(std::string{kDamagedMembers} + "/" + key.file_name(), O_RDONLY | O_NONBLOCK);
  if (!note && (note.error().code == ENOENT || note.error().code == ENOTDIR)) return false;
  if (!note) return fail(note.error());
  const auto text = read_small_file(*note, kLongestNote);
  if (!text) return fail(text.error());
  return *text == state_note(archive) + "\n";
}

Status note_damaged(const fs::Directory& notes, fs::TemporaryFile& temporary, const annex::Key& key,
                    const fs::FileStatus& archive) {
  const std::string text = state_note(archive) + "\n";
  if (auto written = temporary.file().write_at(std::as_bytes(std::span(text)), 0); !written) return written;
  return temporary.publish(notes, key.file_name());
}

}  // namespace microstage::store
