#include "remote/damage_marks.h"

#include <cerrno>
#include <charconv>

#include "lib/fs/temporary_file.h"

namespace microstage::remote {

namespace {

constexpr std::size_t kLongestMark = 64;

// A mark that cannot be read stands for any object of its key: in doubt nobody vouches for it.
DamagedObject read_mark(const fs::Directory& directory, const std::string& name) {
  const auto file = directory.open_file(name, O_RDONLY | O_NONBLOCK);
  const auto text = file ? fs::read_small_file(*file, kLongestMark) : fail(file.error());
  ino_t inode = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), inode).ec != std::errc{}) return {};
  return {inode};
}

}  // namespace

void DamageMarks::load() {
  if (loaded_) return;
  loaded_ = true;
  if (directory_.empty()) return;
  const auto directory = fs::Directory::open(ops_, directory_);
  const auto names = directory ? directory->list() : fail(directory.error());
  if (!names) {
    // Nobody can tell what is marked; only a directory that is not there says that nothing is.
    unreadable_ = names.error().code != ENOENT;
    return;
  }
  for (const std::string& name : *names)
    if (!fs::is_temporary_name(name)) marks_.insert_or_assign(name, read_mark(*directory, name));
}

Status DamageMarks::write(const std::string& name, const DamagedObject& object) {
  const std::size_t slash = directory_.rfind('/');
  ops_.make_directory(AT_FDCWD, directory_.substr(0, slash).c_str(), 0777);
  ops_.make_directory(AT_FDCWD, directory_.c_str(), 0777);
  const auto directory = fs::Directory::open(ops_, directory_);
  if (!directory) return fail(directory.error());
  ignore_error(fs::sweep_temporary_files(*directory), "litter that cannot be swept harms nobody");
  auto file = fs::TemporaryFile::create(*directory, 0666);
  if (!file) return fail(file.error());
  const std::string text = object.inode ? std::to_string(*object.inode) + "\n" : "any\n";
  if (auto written = file->file().write_at(std::as_bytes(std::span(text)), 0); !written) return written;
  return file->publish(*directory, name);
}

void DamageMarks::note(const annex::Key& key, const DamagedObject& object) {
  const std::lock_guard lock(mutex_);
  load();
  marks_.insert_or_assign(key.file_name(), object);
  if (!directory_.empty()) ignore_error(write(key.file_name(), object), "it holds in this session at least");
}

void DamageMarks::forget(const annex::Key& key) {
  const std::lock_guard lock(mutex_);
  load();
  if (marks_.erase(key.file_name()) == 0 || directory_.empty()) return;
  if (const auto directory = fs::Directory::open(ops_, directory_))
    ignore_error(directory->unlink(key.file_name()), "an old mark makes us say less than we know, not more");
  ops_.remove_directory(AT_FDCWD, directory_.c_str());  // when it was the last
  ops_.remove_directory(AT_FDCWD, directory_.substr(0, directory_.rfind('/')).c_str());
}

std::optional<DamagedObject> DamageMarks::find(const annex::Key& key) {
  const std::lock_guard lock(mutex_);
  load();
  const auto mark = marks_.find(key.file_name());
  if (mark != marks_.end()) return mark->second;
  return unreadable_ ? std::optional(DamagedObject{}) : std::nullopt;
}

}  // namespace microstage::remote
