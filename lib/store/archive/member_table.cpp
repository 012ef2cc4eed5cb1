#include "lib/store/archive/member_table.h"

#include <algorithm>

#include "lib/core/text.h"

namespace microstage::store::archive {

void MemberTable::add(const Member& member) {
  Entry entry;
  entry.offset = member.offset;
  entry.size = member.size;
  entry.path_start = static_cast<std::uint32_t>(paths_.size());
  entry.path_length = static_cast<std::uint32_t>(member.path.size());
  entry.crc = member.crc.value_or(0);
  entry.has_crc = member.crc.has_value();
  paths_ += member.path;
  bytes_ += member.size;
  entries_.push_back(entry);
}

Status MemberTable::finish() {
  std::sort(entries_.begin(), entries_.end(),
            [&](const Entry& a, const Entry& b) { return path_of(a) < path_of(b); });
  const auto twice =
      std::adjacent_find(entries_.begin(), entries_.end(),
                         [&](const Entry& a, const Entry& b) { return path_of(a) == path_of(b); });
  if (twice == entries_.end()) return {};
  return fail(ErrorKind::integrity, "it has " + one_line(path_of(*twice)) + " twice");
}

std::optional<Member> MemberTable::find(std::string_view path) const {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), path,
                       [&](const Entry& entry, std::string_view wanted) { return path_of(entry) < wanted; });
  if (found == entries_.end() || path_of(*found) != path) return std::nullopt;
  return (*this)[static_cast<std::size_t>(found - entries_.begin())];
}

Member MemberTable::operator[](std::size_t index) const {
  const Entry& entry = entries_.at(index);
  return {path_of(entry), entry.offset, entry.size, entry.has_crc ? std::optional(entry.crc) : std::nullopt};
}

}  // namespace microstage::store::archive
