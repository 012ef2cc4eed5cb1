#include "lib/core/ids.h"

#include <algorithm>

#include "lib/core/text.h"

namespace microstage {

namespace {

constexpr std::size_t kUuidLength = 36;

bool is_uuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

}  // namespace

Result<DatasetId> DatasetId::parse(std::string_view text) {
  if (!is_uuid(text))
    return fail(ErrorKind::invalid, "'" + one_line(text) + "' is no dataset id: a lower-case UUID is needed");
  return DatasetId(std::string{text});
}

Result<Alias> Alias::parse(std::string_view text) {
  constexpr std::size_t kLongestName = 255;
  const bool plain = !text.empty() && text.size() <= kLongestName && text.front() != '.' &&
                     std::none_of(text.begin(), text.end(), [](char c) {
                       const auto byte = static_cast<unsigned char>(c);
                       return byte < 0x20 || byte == 0x7f || c == '/';
                     });
  if (!plain) {
    return fail(ErrorKind::invalid,
                "'" + one_line(text) +
                    "' cannot be an alias: use one name of at most 255 bytes without a slash, "
                    "a control character or a leading dot");
  }
  return Alias(std::string{text});
}

}  // namespace microstage
