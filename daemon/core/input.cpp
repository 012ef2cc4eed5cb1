#include "daemon/core/input.h"

#include <array>

namespace microstage::core {
namespace {

constexpr std::array<std::string_view, 4> kActions{"stage", "archive", "release", "verify"};
constexpr std::array<std::string_view, 3> kPriorities{"normal", "urgent", "low"};

template <class Enum, std::size_t Count>
std::optional<Enum> find(const std::array<std::string_view, Count>& names, std::string_view name) {
  for (std::size_t place = 0; place < Count; ++place) {
    if (names[place] == name) return static_cast<Enum>(place);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(Action action) {
  return kActions[static_cast<std::size_t>(action)];
}

std::optional<Action> action_named(std::string_view name) {
  return find<Action>(kActions, name);
}

std::string_view name(Priority priority) {
  return kPriorities[static_cast<std::size_t>(priority)];
}

std::optional<Priority> priority_named(std::string_view name) {
  return find<Priority>(kPriorities, name);
}

}  // namespace microstage::core
