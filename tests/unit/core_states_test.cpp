// The tables of states: complete, in order, and every pair that is not in them refused.

#include <fstream>
#include <set>
#include <sstream>

#include "daemon/core/states.h"
#include "tests/support/catch.h"

namespace microstage::core {
namespace {

std::string page() {
  std::ostringstream text;
  text << std::ifstream(MICROSTAGE_SOURCE "/daemon/core/states.md").rdbuf();
  return text.str();
}

// The row of a state as states.md has it.
template <class State, class Happening>
std::string row(const StateTable<State, Happening>& table, const StateSpec<State>& spec) {
  std::string exits;
  for (const auto& it : table.transitions) {
    if (it.from != spec.state) continue;
    exits.append(exits.empty() ? "" : ", ").append(table.happenings[static_cast<std::size_t>(it.happening)]);
    exits.append(" -> ").append(table.spec(it.to).name);
  }
  const auto or_else = [](std::string_view text, const char* none) {
    return std::string(text.empty() ? none : text);
  };
  return "| `" + std::string(spec.name) + "` | " + or_else(spec.owner, "-") + " | " +
         or_else(spec.deadline, "-") + " | " + or_else(exits, "last") + " |\n";
}

template <class State, class Happening>
void check_table(const StateTable<State, Happening>& table, std::size_t states, std::size_t happenings) {
  INFO(table.name);
  REQUIRE(table.happenings.size() == happenings);
  for (const auto& spec : table.states) {
    INFO(row(table, spec));
    CHECK(page().find(row(table, spec)) != std::string::npos);
  }
  REQUIRE(table.states.size() == states);
  std::set<std::pair<int, int>> pairs;
  std::set<State> reachable{table.states.front().state};
  for (const auto& transition : table.transitions) {
    CHECK(pairs.emplace(static_cast<int>(transition.from), static_cast<int>(transition.happening)).second);
    CHECK(!table.is_last(transition.from));
    reachable.insert(transition.to);
  }
  for (std::size_t place = 0; place < states; ++place) {
    const State state = static_cast<State>(place);
    const auto& spec = table.spec(state);
    INFO(spec.name);
    CHECK(spec.state == state);
    CHECK(!spec.name.empty());
    CHECK(spec.owner.empty() == spec.deadline.empty());
    CHECK(reachable.contains(state));
    bool has_exit = false;
    for (std::size_t number = 0; number < happenings; ++number) {
      const auto next = table.next(state, static_cast<Happening>(number));
      CHECK(next.has_value() == pairs.contains({static_cast<int>(place), static_cast<int>(number)}));
      has_exit = has_exit || (next && *next != state);
    }
    CHECK(has_exit != table.is_last(state));
  }
}

TEST_CASE("Every state has a name, each that is not the last has an owner, a deadline and an exit") {
  check_table(request_table(), 4, 3);
  check_table(job_table(), 8, 11);
  check_table(lease_table(), 5, 5);
  check_table(grant_table(), 5, 6);
  check_table(transfer_table(), 6, 10);
  check_table(pin_table(), 3, 2);
  check_table(reservation_table(), 2, 1);
}

TEST_CASE("From every state of a job there is a way to its end") {
  for (const auto& spec : job_table().states) {
    if (job_table().is_last(spec.state)) continue;
    CHECK(job_table().next(spec.state, JobHappening::cancel) == JobState::cancelled);
    CHECK(job_table().next(spec.state, JobHappening::give_up) == JobState::failed);
  }
}

}  // namespace
}  // namespace microstage::core
