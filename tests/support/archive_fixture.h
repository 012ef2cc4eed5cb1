#pragma once
// Reading a whole 7z archive that is in memory, as the reader's edge would from a file.

#include <string>
#include <string_view>
#include <vector>

#include "lib/store/archive/table_reader.h"

namespace microstage::testing {

inline Result<store::archive::MemberTable> read_table(std::string_view archive) {
  const auto bytes = std::as_bytes(std::span(archive.data(), archive.size()));
  store::archive::TableReader reader(archive.size());
  while (const auto range = reader.wanted())
    if (auto fed = reader.feed(bytes.subspan(range->offset, range->size)); !fed) return fail(fed.error());
  return reader.take();
}

inline std::vector<std::string> paths_of(const store::archive::MemberTable& table) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < table.size(); ++i)
    paths.emplace_back(table[i].path);
  return paths;
}

}  // namespace microstage::testing
