#include "lib/repo/git_objects.h"

#include <algorithm>

#include "lib/core/text.h"

namespace microstage::repo {

namespace {

constexpr std::size_t kIdLength = std::tuple_size_v<decltype(ObjectId::bytes)>;

std::optional<EntryKind> kind_of(std::string_view mode) {
  if (mode == "40000" || mode == "040000") return EntryKind::directory;
  if (mode == "120000") return EntryKind::link;
  if (mode == "160000") return EntryKind::commit;
  if (mode.size() == 6 && mode.starts_with("100")) return EntryKind::file;
  return std::nullopt;
}

bool is_component(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

// The first line's value: "WORD VALUE\n".
std::optional<std::string_view> take_header(std::string_view& bytes, std::string_view word) {
  if (!consume_prefix(bytes, word) || !consume_prefix(bytes, " ")) return std::nullopt;
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view value = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  return value;
}

}  // namespace

Result<std::vector<TreeEntry>> parse_tree(std::string_view bytes) {
  std::vector<TreeEntry> entries;
  entries.reserve(bytes.size() / 40);
  while (!bytes.empty()) {
    const std::size_t blank = bytes.find(' ');
    const std::size_t end = blank == std::string_view::npos ? blank : bytes.find('\0', blank);
    if (end == std::string_view::npos || bytes.size() - end - 1 < kIdLength)
      return fail(ErrorKind::integrity, "a directory's listing is cut off");
    TreeEntry entry;
    const auto kind = kind_of(bytes.substr(0, blank));
    entry.name = bytes.substr(blank + 1, end - blank - 1);
    if (!kind || !is_component(entry.name)) {
      return fail(ErrorKind::integrity,
                  "a directory lists '" + one_line(entry.name) + "', which is no name or of no known kind");
    }
    entry.kind = *kind;
    const auto id = bytes.substr(end + 1, kIdLength);
    std::transform(id.begin(), id.end(), entry.id.bytes.begin(),
                   [](char c) { return static_cast<unsigned char>(c); });
    entries.push_back(entry);
    bytes.remove_prefix(end + 1 + kIdLength);
  }
  return entries;
}

std::optional<ObjectId> tree_of_commit(std::string_view bytes) {
  const auto tree = take_header(bytes, "tree");
  return tree ? ObjectId::parse(*tree) : std::nullopt;
}

std::optional<TagTarget> target_of_tag(std::string_view bytes) {
  const auto object = take_header(bytes, "object");
  const auto type = object ? take_header(bytes, "type") : std::nullopt;
  const auto id = object ? ObjectId::parse(*object) : std::nullopt;
  if (!id || !type) return std::nullopt;
  return TagTarget{*id, *type};
}

}  // namespace microstage::repo
