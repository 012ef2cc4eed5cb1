#pragma once
// The name of a git object: a SHA-1. (Repositories of git's SHA-256 format are refused where refs are read.)

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace microstage::repo {

struct ObjectId {
  std::array<unsigned char, 20> bytes{};

  // Exactly 40 hex digits.
  [[nodiscard]] static std::optional<ObjectId> parse(std::string_view text);
  [[nodiscard]] std::string hex() const;

  bool operator==(const ObjectId& other) const { return bytes == other.bytes; }
  bool operator<(const ObjectId& other) const { return bytes < other.bytes; }
};

}  // namespace microstage::repo
