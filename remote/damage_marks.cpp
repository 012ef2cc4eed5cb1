#include "remote/damage_marks.h"

#include <cerrno>

#include "lib/core/text.h"
#include "lib/fs/temporary_file.h"
#include "lib/store/damaged_members.h"

namespace microstage::remote {

namespace {

constexpr std::size_t kLongestMark = 300;
constexpr std::string_view kAny = "any";
constexpr std::string_view kUnreadable = "unreadable ";

// Two lines: the state that the mark is about or "any", and "unreadable OFFSET SIZE" where that is what is
// wrong.
std::string text_of(const DamageMark& mark) {
  std::string text = (mark.state.empty() ? std::string{kAny} : mark.state) + "\n";
  if (mark.unreadable) {
    text += std::string{kUnreadable} + std::to_string(mark.unreadable->offset) + " " +
            std::to_string(mark.unreadable->size) + "\n";
  }
  return text;
}

std::optional<ObjectPart> parse_part(std::string_view line) {
  ObjectPart part;
  if (!consume_prefix(line, kUnreadable)) return std::nullopt;
  const auto numbers = split(line, ' ');
  const bool valid =
      numbers.size() == 2 && parse_decimal(numbers[0], part.offset) && parse_decimal(numbers[1], part.size);
  return valid ? std::optional(part) : std::nullopt;
}

DamageMark parse_mark(std::string_view text) {
  const auto lines = split(text, '\n');  // the last is what follows the last line end
  if (lines.size() < 2 || !store::parse_state_note(lines[0])) return {};
  if (lines.size() == 2) return {std::string{lines[0]}, std::nullopt};
  const auto part = parse_part(lines[1]);
  return part ? DamageMark{std::string{lines[0]}, part} : DamageMark{};
}

}  // namespace

std::string DamageMarks::path_of(const annex::Key& key) const {
  return directory_ + "/" + key.file_name();
}

Status DamageMarks::write(const std::string& name, const DamageMark& mark) {
  const std::size_t slash = directory_.rfind('/');
  ops_.make_directory(AT_FDCWD, directory_.substr(0, slash).c_str(), 0777);
  ops_.make_directory(AT_FDCWD, directory_.c_str(), 0777);
  const auto directory = fs::Directory::open(ops_, directory_);
  if (!directory) return fail(directory.error());
  ignore_error(fs::sweep_temporary_files(*directory), "litter that cannot be swept harms nobody");
  auto file = fs::TemporaryFile::create(*directory, 0666);
  if (!file) return fail(file.error());
  const std::string text = text_of(mark);
  if (auto written = file->file().write_at(std::as_bytes(std::span(text)), 0); !written) return written;
  return file->publish(*directory, name);
}

void DamageMarks::note(const annex::Key& key, const DamageMark& mark) {
  const std::lock_guard lock(mutex_);
  if (directory_.empty() || !write(key.file_name(), mark)) unwritten_.insert_or_assign(key.file_name(), mark);
}

void DamageMarks::forget(const annex::Key& key) {
  const std::lock_guard lock(mutex_);
  unwritten_.erase(key.file_name());
  // An old mark that stays makes us say less than we know, not more.
  if (directory_.empty() || ops_.unlink(AT_FDCWD, path_of(key).c_str()) < 0) return;
  ops_.remove_directory(AT_FDCWD, directory_.c_str());  // when it was the last
  ops_.remove_directory(AT_FDCWD, directory_.substr(0, directory_.rfind('/')).c_str());
}

std::optional<DamageMark> DamageMarks::find(const annex::Key& key) {
  const std::lock_guard lock(mutex_);
  const auto own = unwritten_.find(key.file_name());
  if (own != unwritten_.end()) return own->second;
  if (directory_.empty()) return std::nullopt;
  const auto file = fs::File::open(ops_, path_of(key), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file && (file.error().code == ENOENT || file.error().code == ENOTDIR)) return std::nullopt;
  const auto text = file ? fs::read_small_file(*file, kLongestMark) : fail(file.error());
  return text ? parse_mark(*text) : DamageMark{};
}

}  // namespace microstage::remote
