#pragma once
// State machines as data: for each machine what its states mean and which event leads where. Whatever is not
// in the table is refused, and a test walks all pairs.
//
// Threads: immutable; any.

#include <optional>
#include <span>
#include <string_view>

namespace microstage::core {

template <class State>
struct StateSpec {
  State state;
  std::string_view name;
  std::string_view owner;     // who must act for it to go on; empty for a last state
  std::string_view deadline;  // what ends it when nobody acts; empty for a last state
};

template <class State, class Happening>
struct Transition {
  State from;
  Happening happening;
  State to;
};

template <class State, class Happening>
struct StateTable {
  std::string_view name;
  std::span<const StateSpec<State>> states;
  std::span<const std::string_view> happenings;  // names, in the order of the enumeration
  std::span<const Transition<State, Happening>> transitions;

  // Where `happening` leads from `state`; nothing when that may not happen.
  [[nodiscard]] std::optional<State> next(State state, Happening happening) const {
    for (const auto& transition : transitions) {
      if (transition.from == state && transition.happening == happening) return transition.to;
    }
    return std::nullopt;
  }

  [[nodiscard]] const StateSpec<State>& spec(State state) const {
    return states[static_cast<std::size_t>(state)];  // in the order of the enumeration; a test looks
  }
  [[nodiscard]] bool is_last(State state) const { return spec(state).owner.empty(); }
};

}  // namespace microstage::core
