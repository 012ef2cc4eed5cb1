#include "lib/annex/pointer.h"

namespace microstage::annex {

std::optional<Key> key_of_link(std::string_view target) {
  if (target.find("/annex/objects/") == std::string_view::npos) return std::nullopt;
  const std::string_view name = target.substr(target.rfind('/') + 1);
  auto key = Key::parse(Key::unescape_file_name(name));
  if (!key) return std::nullopt;
  return std::move(*key);
}

std::optional<Key> key_of_pointer(std::string_view content) {
  if (content.size() > kLongestPointer) return std::nullopt;
  const std::size_t end = content.find('\n');
  std::string_view first = content.substr(0, end);
  if (first.ends_with('\r')) first.remove_suffix(1);
  std::string_view rest = end == std::string_view::npos ? "" : content.substr(end + 1);
  while (!rest.empty()) {
    const std::size_t next = rest.find('\n');
    if (next == std::string_view::npos) return std::nullopt;
    if (rest.substr(0, next).find("/annex/") == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(next + 1);
  }
  return key_of_link(first);
}

}  // namespace microstage::annex
