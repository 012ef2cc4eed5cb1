#pragma once
// The objects in an archive: names, and where in the file their bytes are. A value; pure. Threads: const
// members may be called from several threads.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"

namespace microstage::store::archive {

struct Member {
  std::string_view path;     // as long as the table lives
  std::uint64_t offset = 0;  // of its first byte in the archive's file
  std::uint64_t size = 0;
  std::optional<std::uint32_t> crc;
};

class MemberTable {
 public:
  void reserve(std::size_t members) { entries_.reserve(members); }
  void add(const Member& member);
  // Call it once, after the last add and before the first find. Fails when two members have one path: nobody
  // could say which of them was meant.
  [[nodiscard]] Status finish();

  [[nodiscard]] std::optional<Member> find(std::string_view path) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] Member operator[](std::size_t index) const;  // in the order of their paths
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  // Small, for there may be very many.
  struct Entry {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint32_t path_start = 0;
    std::uint32_t path_length = 0;
    std::uint32_t crc = 0;
    bool has_crc = false;
  };
  [[nodiscard]] std::string_view path_of(const Entry& entry) const {
    return std::string_view{paths_}.substr(entry.path_start, entry.path_length);
  }

  std::string paths_;
  std::vector<Entry> entries_;
  std::uint64_t bytes_ = 0;
};

}  // namespace microstage::store::archive
