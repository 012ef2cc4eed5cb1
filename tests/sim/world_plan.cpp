// The planner: it knows what is there as of a while ago, and answers when it likes.

#include "tests/sim/world.h"

namespace microstage::sim {

using namespace std::chrono_literals;

core::Planned World::plan_of(const core::PlanJob& wanted) {
  core::Planned planned{wanted.job, wanted.plan, {}};
  const std::uint32_t number = Physical::section_of(wanted.dataset);
  const Section& section = physical_.sections[number];
  const Place from = place_named(wanted.action == core::Action::verify ? wanted.to : wanted.from);
  const Place to = place_named(wanted.to);
  for (std::uint32_t key = 0; key < section.keys.size(); ++key) {
    const bool here = physical_.there(number, key, from);
    bool there = false;
    if (wanted.action == core::Action::stage) there = physical_.there(number, key, to);
    if (wanted.action == core::Action::archive) {
      there = physical_.there(number, key, to);
      if (!there && !here) continue;
    }
    if (wanted.action == core::Action::release) there = !here;
    if (wanted.action == core::Action::verify && !here) continue;
    planned.transfers.push_back({section.keys[key], section.bytes[key], 1, there});
  }
  return planned;
}

void World::plan(const core::PlanJob& wanted) {
  core::Duration late = random_.between(50, 3000) * 1ms;
  if (chance(Trouble::plan, 20)) return tell("   (the planner loses " + wanted.job + ")");
  if (chance(Trouble::plan, 40)) late = random_.between(1, 900) * 1s;
  const bool forbidden = physical_.sections[Physical::section_of(wanted.dataset)].forbidden;
  if (forbidden || chance(Trouble::plan, 40)) {
    constexpr std::array kinds{ErrorKind::transient, ErrorKind::mount_sick, ErrorKind::invalid,
                               ErrorKind::not_found};
    const ErrorKind kind = forbidden ? ErrorKind::permission : kinds.at(random_.below(kinds.size()));
    core::PlanFailed failed{wanted.job, wanted.plan, {kind, "the dataset cannot be read", 0}};
    queue_.after(late, What::to_core, messages_.put({std::move(failed), life_}));
    return;
  }
  core::Planned planned = plan_of(wanted);
  if (chance(Trouble::plan, 30))
    queue_.after(late + random_.between(1, 30'000) * 1ms, What::to_core, messages_.put({planned, life_}));
  queue_.after(late, What::to_core, messages_.put({std::move(planned), life_}));
}

}  // namespace microstage::sim
