#include "lib/store/shared_repository.h"

#include <algorithm>
#include <cctype>

#include "lib/core/text.h"

namespace microstage::store {

namespace {

constexpr std::size_t kLongestConfig = std::size_t{1} << 20U;

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

// The last value of `variable` in the section whose header reads `section`, both in lower case; the value is
// lowered too, for neither of those we look for minds. Enough for what git itself writes.
std::string value_of(std::string_view config, std::string_view section, std::string_view variable) {
  bool inside = false;
  std::string value;
  for (std::string_view line : split(config, '\n')) {
    line = trimmed(line.substr(0, line.find_first_of("#;")));
    if (line.starts_with('[')) {
      const std::size_t end = line.find(']');
      inside = lower(trimmed(line.substr(1, end - 1))) == section;
      line = end == std::string_view::npos ? std::string_view{} : trimmed(line.substr(end + 1));
    }
    if (!inside) continue;
    const std::size_t equals = line.find('=');
    if (lower(trimmed(line.substr(0, equals))) != variable) continue;
    value = equals == std::string_view::npos ? "true" : lower(trimmed(line.substr(equals + 1)));
  }
  value.erase(std::remove(value.begin(), value.end(), '"'), value.end());
  return value;
}

std::string read_config(const fs::Directory& dataset) {
  const auto file = dataset.open_file("config", O_RDONLY | O_NONBLOCK);
  return file ? read_small_file(*file, kLongestConfig).value_or(std::string{}) : std::string{};
}

}  // namespace

std::string shared_repository_value(std::string_view config) {
  return value_of(config, "core", "sharedrepository");
}

fs::Sharing read_shared_repository(const fs::Directory& dataset) {
  return fs::Sharing::parse(shared_repository_value(read_config(dataset))).value_or(fs::Sharing{});
}

std::string storage_uuid_value(std::string_view config) {
  return value_of(config, R"(datalad "ora-remote")", "uuid");
}

std::string read_storage_uuid(const fs::Directory& dataset) {
  return storage_uuid_value(read_config(dataset));
}

}  // namespace microstage::store
