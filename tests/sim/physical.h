#pragma once
// What is really there in a simulated world: sections and their copies on the tiers, whatever anybody
// believes.
//
// Threads: one at a time.

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace microstage::sim {

using Place = std::uint8_t;
inline constexpr Place kStore = 0;
inline constexpr Place kFast = 1;
inline constexpr Place kElsewhere = 2;  // people's own disks
inline constexpr Place kNowhere = 255;

struct Copy {
  bool there = false;
  bool good = false;
};

struct Section {
  std::string name;
  std::vector<std::string> keys;
  std::vector<std::uint64_t> bytes;
  std::array<std::vector<Copy>, 2> at;  // by place and key
  bool forbidden = false;               // may not be read
  int lock = -1;                        // the mover that has the clone
};

struct Tier {
  std::uint64_t capacity = 0;
  std::uint64_t inodes = 0;
  std::uint64_t used = 0;
  std::uint64_t used_inodes = 0;
  bool sick = false;
  bool failing = false;  // some transfers fail
  bool slow = false;

  [[nodiscard]] std::uint64_t free_bytes() const { return capacity > used ? capacity - used : 0; }
  [[nodiscard]] std::uint64_t free_inodes() const { return inodes > used_inodes ? inodes - used_inodes : 0; }
};

inline constexpr std::array<std::string_view, 3> kPlaceNames{"store", "fast", "home"};

[[nodiscard]] inline Place place_named(std::string_view name) {
  for (Place place = 0; place < kPlaceNames.size(); ++place)
    if (kPlaceNames.at(place) == name) return place;
  return kNowhere;
}

struct Physical {
  std::vector<Section> sections;
  std::array<Tier, 2> tiers;

  // Names are made of numbers, so that nothing has to be looked up: section 12 is d12, its key 3 d12k3.
  [[nodiscard]] static std::uint32_t number(std::string_view text) {
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  [[nodiscard]] static std::uint32_t section_of(std::string_view dataset) {
    return number(dataset.substr(1));
  }
  [[nodiscard]] static std::uint32_t key_of(std::string_view key) {
    return number(key.substr(key.find('k') + 1));
  }

  void put(std::uint32_t section, std::uint32_t key, Place place) {
    Section& its = sections[section];
    Copy& copy = its.at.at(place)[key];
    if (!copy.there) {
      tiers.at(place).used += its.bytes[key];
      tiers.at(place).used_inodes += 1;
    }
    copy = {true, true};
  }
  void drop(std::uint32_t section, std::uint32_t key, Place place) {
    Section& its = sections[section];
    Copy& copy = its.at.at(place)[key];
    if (copy.there) {
      tiers.at(place).used -= its.bytes[key];
      tiers.at(place).used_inodes -= 1;
    }
    copy = {};
  }
  [[nodiscard]] bool good(std::uint32_t section, std::uint32_t key, Place place) const {
    const Copy copy = sections[section].at.at(place)[key];
    return copy.there && copy.good;
  }
  [[nodiscard]] bool there(std::uint32_t section, std::uint32_t key, Place place) const {
    return sections[section].at.at(place)[key].there;
  }
};

}  // namespace microstage::sim
