// People and misfortune: requests, pins, gets, changes of mind; tiers that fill, slow down and fail.

#include <algorithm>

#include "tests/sim/world.h"

namespace microstage::sim {

using namespace std::chrono_literals;

void World::person(unsigned who) {
  if (calm_) return;
  queue_.after(random_.between(2'000, 60'000) * 1ms, What::person, who);
  if (!incident() || !up_) return;
  const auto what = random_.below(100U);
  const Troubles& troubles = parameters_.troubles;
  if (what < 8 && troubles.has(Trouble::cancel)) return cancel(who);
  if (what < 14 && troubles.has(Trouble::pin)) return pin(who);
  if (what < 18 && troubles.has(Trouble::pin)) return unpin();
  if (what < 30 && troubles.has(Trouble::plain)) return get(who);
  if (what < 34) return resume();
  if (audit_.view().jobs().size() < parameters_.sections * 2 + 10) submit(who);
}

core::Action World::some_action() {
  const auto what = random_.below(10U);
  const Troubles& troubles = parameters_.troubles;
  if (what < 3 && troubles.has(Trouble::release)) return core::Action::release;
  if (what < 5 && troubles.has(Trouble::archive)) return core::Action::archive;
  if (what < 6 && troubles.has(Trouble::verify)) return core::Action::verify;
  return core::Action::stage;
}

core::WantedDataset World::wanted(core::Action action, std::uint32_t section) {
  const std::string& name = physical_.sections[section].name;
  const std::string store{kPlaceNames.at(kStore)};
  const std::string fast{kPlaceNames.at(kFast)};
  if (action == core::Action::stage) return {name, store, fast};
  if (action == core::Action::archive) return {name, fast, store};
  if (action == core::Action::release) return {name, fast, ""};
  return {name, "", random_.of_thousand(500) ? store : fast};
}

void World::submit(unsigned who) {
  core::Submit submit;
  submit.request = "r" + std::to_string(++names_);
  submit.actor = "u" + std::to_string(who);
  submit.action = some_action();
  const auto priority = random_.below(10U);
  if (priority == 0) submit.priority = core::Priority::urgent;
  if (priority == 1) submit.priority = core::Priority::low;
  const bool wide = parameters_.troubles.has(Trouble::wide) && random_.of_thousand(150);
  const std::uint32_t first = random_.below(parameters_.sections);
  const std::uint32_t count = 1 + random_.below(wide ? std::min(parameters_.sections, 30U) : 3U);
  for (std::uint32_t i = 0; i < count; ++i)
    submit.datasets.push_back(wanted(submit.action, (first + i) % parameters_.sections));
  if (random_.of_thousand(20)) submit.datasets.push_back(submit.datasets.front());
  if (random_.of_thousand(200)) submit.deadline = queue_.now() + random_.between(1, 600) * 1min;
  const bool pins = submit.action == core::Action::stage && parameters_.troubles.has(Trouble::pin);
  if (pins && random_.of_thousand(300)) submit.pin = random_.between(1, 300) * 1min;
  submit.note = "all";
  asked_.push_back({submit, false});
  const auto slot = static_cast<std::uint32_t>(asked_.size() - 1);
  unrecorded_.push_back(slot);
  send(std::move(submit));
  queue_.after(30s, What::submit_again, slot);
}

// Who got no answer asks again.
void World::submit_again(std::uint32_t slot) {
  if (asked_[slot].recorded) return;
  send(asked_[slot].submit);
  queue_.after(30s, What::submit_again, slot);
}

void World::get(unsigned who) {
  const std::uint32_t section = random_.below(parameters_.sections);
  std::vector<std::uint32_t> keys;
  for (std::uint32_t key = 0; key < physical_.sections[section].keys.size(); ++key)
    keys.push_back(key);
  get_next(who, section, std::move(keys));
}

void World::get_next(unsigned who, std::uint32_t section, std::vector<std::uint32_t> rest) {
  if (rest.empty() || calm_) return;
  Transfer transfer;
  transfer.person = who;
  transfer.section = section;
  transfer.key = rest.back();
  rest.pop_back();
  transfer.rest = std::move(rest);
  transfer.from = kStore;
  transfer.to = random_.of_thousand(300) ? kFast : kElsewhere;
  ask(new_transfer(std::move(transfer)));
}

void World::pin(unsigned who) {
  core::Pin pin;
  pin.pin = "p" + std::to_string(++names_);
  pin.actor = "u" + std::to_string(who);
  pin.dataset = physical_.sections[random_.below(parameters_.sections)].name;
  pin.tier = kPlaceNames.at(kFast);
  if (random_.of_thousand(700)) pin.until = queue_.now() + random_.between(1, 180) * 1min;
  send(std::move(pin));
}

void World::unpin() {
  const auto& pins = audit_.view().pins();
  if (pins.empty()) return;
  std::vector<std::string> names;  // in an order that does not depend on the library
  for (const auto& [name, pin] : pins)
    names.push_back(name);
  std::sort(names.begin(), names.end());
  send(core::Unpin{names[random_.below(names.size())], "manager", random_.of_thousand(900)});
}

void World::cancel(unsigned who) {
  const auto& list = audit_.view().job_list();
  if (list.empty()) return;
  const SeenJob* job = audit_.view().job(*list[random_.below(list.size())]);
  const SeenRequest* request = audit_.view().request(job->request);
  const bool owner = random_.of_thousand(700);
  send(core::Cancel{job->request, owner ? request->actor : "u" + std::to_string(who),
                    random_.of_thousand(200)});
}

// A data manager looks at some parked job, and mends its cause or has it tried again.
void World::resume() {
  const auto& list = audit_.view().job_list();
  for (unsigned i = 0; i < 4 && !list.empty(); ++i) {
    const std::string& name = *list[random_.below(list.size())];
    if (audit_.view().job(name)->state != core::JobState::parked) continue;
    if (random_.of_thousand(500)) return send(core::Resume{name, ""});
    if (const auto shown = core_->job(name)) return send(core::Resume{"", shown->cause});
  }
}

void World::incident_strikes() {
  if (calm_) return;
  queue_.after(random_.between(20, 400) * 1s, What::incident);
  const auto trouble = static_cast<Trouble>(random_.below(kTroubles));
  const auto mover = random_.below(static_cast<std::uint32_t>(movers_.size()));
  const Place place = random_.of_thousand(500) ? kStore : kFast;
  const auto section = random_.below(parameters_.sections);
  const auto seconds = random_.between(10, 900);
  if (!parameters_.troubles.has(trouble) || !incident()) return;
  Tier& tier = physical_.tiers.at(place);
  Section& its = physical_.sections[section];
  // What is seen and lost a moment later is nobody's fault.
  const bool untouched = its.lock == -1 && audit_.view().lease_on(section) == 0;
  switch (trouble) {
    case Trouble::crash:
      return crash();
    case Trouble::die:
      return die(mover);
    case Trouble::hang:
      return hang(mover);
    case Trouble::sick:
      tier.sick = true;
      break;
    case Trouble::transient:
      tier.failing = true;
      break;
    case Trouble::slow:
      tier.slow = true;
      break;
    case Trouble::permission:
      its.forbidden = true;
      break;
    case Trouble::integrity:
      if (!its.keys.empty() && untouched) its.at.at(kStore).front().good = false;
      return;
    case Trouble::lost:
      if (!its.keys.empty() && untouched)
        physical_.drop(section, random_.below(static_cast<std::uint32_t>(its.keys.size())), kFast);
      return;
    default:
      return;
  }
  tell("== " + std::string{name(trouble)} + " strikes " + std::string{kPlaceNames.at(place)} + " or " +
       its.name);
  queue_.after(seconds * 1s, What::heal, static_cast<std::uint32_t>(trouble) * 2 + place, section);
}

void World::heal(std::uint32_t what) {
  Tier& tier = physical_.tiers.at(what % 2);
  const auto trouble = static_cast<Trouble>(what / 2);
  if (trouble == Trouble::sick) tier.sick = false;
  if (trouble == Trouble::transient) tier.failing = false;
  if (trouble == Trouble::slow) tier.slow = false;
  if (trouble == Trouble::permission) {
    for (Section& section : physical_.sections)
      section.forbidden = false;
  }
}

void World::look_at_tiers() {
  queue_.after(random_.between(30, 600) * 1s, What::tiers_seen, 0, life_);
  for (const Place place : {kStore, kFast}) {
    const Tier& tier = physical_.tiers.at(place);
    if (!tier.sick && up_)
      handle(core::TierSeen{std::string{kPlaceNames.at(place)}, tier.free_bytes(), tier.free_inodes()});
  }
}

// With the troubles over a data manager sees to everything that is parked or pinned.
void World::mend() {
  queue_.after(10min, What::mend);
  if (!up_) return;
  std::vector<std::string> parked;
  for (const std::string* name : audit_.view().job_list())
    if (audit_.view().job(*name)->state == core::JobState::parked) parked.push_back(*name);
  for (std::string& name : parked)
    send(core::Resume{std::move(name), ""});
  std::vector<std::string> pins;
  for (const auto& [name, pin] : audit_.view().pins())
    pins.push_back(name);
  std::sort(pins.begin(), pins.end());
  for (std::string& name : pins)
    send(core::Unpin{std::move(name), "manager", true});
}

}  // namespace microstage::sim
