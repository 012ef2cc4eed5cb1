#pragma once
// What a simulated world is made from: the same parameters, the same world, step by step.
//
// Threads: values.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace microstage::sim {

// What makes life hard, or more varied; each can be left out.
enum class Trouble : unsigned {
  crash,       // the daemon dies and comes back
  die,         // movers die and come back
  hang,        // movers hang, and go on later with an old token
  lose,        // messages are lost
  delay,       // messages come late and out of order
  repeat,      // messages come twice
  transient,   // transfers fail for a while
  sick,        // a tier is unwell
  space,       // the fast tier is too small: bytes, inodes, quota
  integrity,   // copies are damaged
  durability,  // fsync fails
  permission,  // a dataset may not be read
  source,      // files change while they are read
  plan,        // the planner is late, fails, answers twice or never
  lost,        // copies on the fast tier vanish
  slow,        // a tier is slow for a while
  cancel,      // people change their minds
  pin,         // people pin and unpin
  plain,       // people get keys by themselves
  release,     // people free the fast tier
  archive,
  verify,
  wide,   // requests of many datasets
  limit,  // tiers with a limit of bytes per second
};
inline constexpr unsigned kTroubles = 24;

[[nodiscard]] std::string_view name(Trouble trouble);

class Troubles {
 public:
  Troubles() = default;
  Troubles(std::initializer_list<Trouble> list) {
    for (const Trouble one : list)
      set(one, true);
  }
  [[nodiscard]] static Troubles all();
  // "all", "none", or names with commas; a name with a minus before it is taken away. Nothing for other
  // words.
  [[nodiscard]] static std::optional<Troubles> parse(std::string_view words);

  [[nodiscard]] bool has(Trouble one) const { return ((bits_ >> static_cast<unsigned>(one)) & 1U) != 0; }
  void set(Trouble one, bool on);
  [[nodiscard]] std::string text() const;
  bool operator==(const Troubles&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

struct Parameters {
  std::uint64_t seed = 1;
  std::uint64_t operations = 20'000;  // inputs and ticks, before the troubles end
  unsigned sections = 40;
  unsigned keys = 6;  // of the largest section
  unsigned users = 4;
  unsigned movers = 5;
  Troubles troubles = Troubles::all();
  // Numbers of incidents (things that the world's chance does to the daemon) that are left out.
  std::vector<std::uint32_t> without;

  // The command that shows it again.
  [[nodiscard]] std::string command() const;
};

// "3,7-9" and back; nothing for other words.
[[nodiscard]] std::optional<std::vector<std::uint32_t>> parse_numbers(std::string_view words);
[[nodiscard]] std::string numbers_text(const std::vector<std::uint32_t>& numbers);

}  // namespace microstage::sim
