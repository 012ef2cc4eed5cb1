#include "tests/sim/world.h"

#include <algorithm>

#include "tests/sim/story.h"

namespace microstage::sim {

using namespace std::chrono_literals;
using core::Time;

namespace {

constexpr std::uint64_t kGiB = 1ULL << 30U;

Physical make_physical(const Parameters& parameters, Random random) {
  Physical physical;
  std::uint64_t all = 0;
  std::uint64_t files = 0;
  for (unsigned i = 0; i < parameters.sections; ++i) {
    Section section;
    section.name = "d" + std::to_string(i);
    const unsigned keys = random.of_thousand(15) ? 0 : 1 + random.below(parameters.keys);
    for (unsigned k = 0; k < keys; ++k) {
      section.keys.push_back(section.name + "k" + std::to_string(k));
      section.bytes.push_back(kGiB * (1 + random.below(20U)));
      all += section.bytes.back();
    }
    files += keys;
    section.at.at(kStore).resize(keys);
    section.at.at(kFast).resize(keys);
    physical.sections.push_back(std::move(section));
  }
  const bool tight = parameters.troubles.has(Trouble::space);
  physical.tiers.at(kStore) = {all * 2, files * 2};
  physical.tiers.at(kFast) = {tight ? all / 2 + 60 * kGiB : all * 2, tight ? files * 2 / 3 + 10 : files * 2};
  const bool fresh = parameters.troubles.has(Trouble::archive);
  for (std::uint32_t i = 0; i < parameters.sections; ++i) {
    const bool made_here = fresh && random.of_thousand(300);
    for (std::uint32_t k = 0; k < physical.sections[i].keys.size(); ++k)
      physical.put(i, k, made_here && physical.tiers.at(kFast).free_bytes() > 40 * kGiB ? kFast : kStore);
  }
  return physical;
}

core::Settings make_settings(const Parameters& parameters) {
  core::Settings settings;
  for (const Place place : {kStore, kFast}) {
    core::TierLimits limits;
    limits.transfers = place == kStore ? 6 : 5;
    if (parameters.troubles.has(Trouble::limit)) limits.bytes_per_second = 3 * kGiB;
    settings.tiers[std::string{kPlaceNames.at(place)}] = limits;
  }
  settings.weights["u1"] = 3;
  settings.request_limit = 24h * 20;
  settings.park_limit = 24h * 2;
  settings.low_priority = 24h;
  return settings;
}

}  // namespace

World::World(const Parameters& parameters, Tell tell)
    : parameters_(parameters),
      tell_(std::move(tell)),
      random_(parameters.seed),
      chance_(~parameters.seed),
      physical_(make_physical(parameters, Random(parameters.seed * 3))),
      settings_(make_settings(parameters)),
      ledger_(parameters.seed % 4 == 1),
      audit_(physical_, settings_),
      without_(parameters.without.begin(), parameters.without.end()) {
  movers_.resize(parameters.movers);
  for (std::uint32_t i = 0; i < movers_.size(); ++i) {
    movers_[i].name = "m" + std::to_string(i);
    movers_[i].slots = 1 + i % 3;
    queue_.after(random_.between(0, 5000) * 1ms, What::mover_connect, i, 0);
  }
  for (unsigned i = 0; i < parameters.users; ++i)
    queue_.after(random_.between(0, 60'000) * 1ms, What::person, i);
  queue_.after(5min, What::incident);
  queue_.after(0ms, What::daemon_up);
}

void World::tell(const std::string& line) const {
  if (tell_) tell_(clock_text(queue_.now()) + " " + line);
}

void World::run() {
  while (!over())
    happen(queue_.next());
}

bool World::over() const {
  return calm_ && up_ && unrecorded_.empty() && pending_.empty() && audit_.view().requests().empty();
}

void World::happen(const Happening& it) {
  switch (it.what) {
    case What::to_core: {
      const Message message = messages_.take(it.a);
      if (up_ && message.life == life_ && !known_already(message.input)) handle(message.input);
      break;
    }
    case What::to_actor: {
      const Answer answer = answers_.take(it.a);
      if (answer.life == life_) perform(answer);
      break;
    }
    case What::commit:
      if (it.b == life_) commit();
      break;
    case What::tick:
      tick(it.b);
      break;
    case What::daemon_up:
      start_daemon();
      break;
    case What::tiers_seen:
      if (it.b == life_) look_at_tiers();
      break;
    case What::mover_connect:
      if (movers_[it.a].deaths == it.b) connect(it.a);
      break;
    case What::mover_beat:
      if (movers_[it.a].epoch == it.b) beat(it.a);
      break;
    case What::mover_idle:
      if (movers_[it.a].epoch == it.b) say_idle(it.a);
      break;
    case What::mover_work:
      if (movers_[it.a].epoch == it.b) work(it.a);
      break;
    case What::mover_wake:
      if (movers_[it.a].epoch == it.b) wake(it.a);
      break;
    case What::transfer_end:
      if (transfers_[it.a].epoch == it.b) transfer_end(it.a);
      break;
    case What::transfer_beat:
      if (transfers_[it.a].epoch == it.b) transfer_beat(it.a);
      break;
    case What::transfer_ask:
      if (transfers_[it.a].epoch == it.b) ask_again(it.a);
      break;
    case What::transfer_until:
      if (transfers_[it.a].epoch == it.b) transfer_until(it.a);
      break;
    case What::person:
      person(it.a);
      break;
    case What::submit_again:
      submit_again(it.a);
      break;
    case What::incident:
      incident_strikes();
      break;
    case What::heal:
      heal(it.a);
      break;
    case What::mend:
      mend();
      break;
  }
}

// Who takes requests looks in the ledger, and in what is on its way there.
bool World::known_already(const core::Input& input) const {
  const auto* submit = std::get_if<core::Submit>(&input);
  if (submit == nullptr) return false;
  if (ledger_.knows_request(submit->request)) return true;
  return std::any_of(pending_.begin(), pending_.end(), [&](const core::Step& step) {
    return std::any_of(step.events.begin(), step.events.end(),
                       [&](const ledger::Event& event) { return event.request == submit->request; });
  });
}

void World::handle(const core::Input& input) {
  ++operations_;
  if (tell_) tell("-> " + describe(input));
  const Time now = queue_.now();
  audit_.before(input, now);
  after(core_->handle(input, now), &input);
}

void World::after(core::Step step, const core::Input* input) {
  const Time now = queue_.now();
  if (tell_) {
    for (const ledger::Event& event : step.events)
      tell("   * " + describe(event));
    for (const core::Effect& effect : step.effects)
      tell("   < " + describe(effect));
  }
  audit_.after(step, input, now);
  if (operations_ % 32 == 0 && !audit_.view().job_list().empty()) {
    const auto& list = audit_.view().job_list();
    audit_.question(*core_, *list[random_.below(list.size())], now);
  }
  if (!step.events.empty() || !step.effects.empty()) {
    pending_.push_back(std::move(step));
    if (!commit_arranged_) queue_.after(random_.between(0, 30) * 1ms, What::commit, 0, life_);
    commit_arranged_ = true;
  }
  arrange_tick();
  if (!calm_ && operations_ >= parameters_.operations) calm_down();
  if (calm_ && now > bound_) {
    const auto& list = audit_.view().job_list();
    std::string which = list.empty() ? "" : *list.front();
    const auto wait = core_->why(which, now);
    throw Violation("the troubles are over, but " + std::to_string(audit_.view().requests().size()) +
                    " requests do not end; job " + which + (wait ? " waits: " + wait->text : ""));
  }
}

void World::arrange_tick() {
  const auto next = core_->next_deadline();
  audit_.deadline(next, queue_.now());
  if (!next) {
    tick_at_.reset();
    return;
  }
  const Time when = std::max(*next, queue_.now());
  if (tick_at_ && *tick_at_ <= when) return;  // comes earlier; then we look again
  tick_at_ = when;
  queue_.at(when, What::tick, 0, ++appointment_);
}

void World::tick(std::uint64_t appointment) {
  if (!up_ || appointment != appointment_) return;
  tick_at_.reset();
  ++operations_;
  if (tell_) tell("-> tick");
  after(core_->tick(queue_.now()), nullptr);
}

void World::commit() {
  commit_arranged_ = false;
  std::vector<core::Step> steps;
  steps.swap(pending_);
  for (core::Step& step : steps) {
    for (const ledger::Event& event : step.events)
      ledger_.append(event);
    for (core::Effect& effect : step.effects)
      send_answer(std::move(effect));
  }
  look_what_is_recorded();
}

void World::look_what_is_recorded() {
  std::erase_if(unrecorded_, [this](std::uint32_t slot) {
    Asked& asked = asked_[slot];
    asked.recorded = ledger_.knows_request(asked.submit.request);
    return asked.recorded;
  });
}

void World::perform(const Answer& answer) {
  const core::Effect& effect = answer.effect;
  if (const auto* lease = std::get_if<core::GiveLease>(&effect)) return order(*lease, answer.sent);
  if (const auto* end = std::get_if<core::EndLease>(&effect)) return order(*end, answer.sent);
  if (const auto* fenced = std::get_if<core::Fence>(&effect)) return order(*fenced, answer.sent);
  if (const auto* grant = std::get_if<core::Grant>(&effect)) return granted(*grant);
  if (const auto* refusal = std::get_if<core::RefuseGrant>(&effect)) return refused(*refusal);
}

core::Duration World::travel() {
  if (!calm_ && parameters_.troubles.has(Trouble::delay) && random_.of_thousand(30) && incident())
    return random_.between(1, 20'000) * 1ms;
  return 1ms;
}

void World::send(core::Input input) {
  if (!up_) return;
  if (chance(Trouble::lose, 15)) return tell("   (lost: " + (tell_ ? describe(input) : "") + ")");
  if (chance(Trouble::repeat, 15)) queue_.after(travel() + 5ms, What::to_core, messages_.put({input, life_}));
  queue_.after(travel(), What::to_core, messages_.put({std::move(input), life_}));
}

void World::send_answer(core::Effect effect) {
  if (const auto* wanted = std::get_if<core::PlanJob>(&effect)) return plan(*wanted);
  if (chance(Trouble::lose, 15)) return tell("   (lost: " + (tell_ ? describe(effect) : "") + ")");
  if (chance(Trouble::repeat, 15))
    queue_.after(travel() + 5ms, What::to_actor, answers_.put({effect, life_, queue_.now()}));
  queue_.after(travel(), What::to_actor, answers_.put({std::move(effect), life_, queue_.now()}));
}

bool World::incident() {
  return !without_.contains(++incidents_);
}

bool World::chance(Trouble trouble, unsigned of_thousand) {
  return !calm_ && parameters_.troubles.has(trouble) && chance_.of_thousand(of_thousand) && incident();
}

// What was not committed is as if it had never been; its effects were not performed. Sometimes the commit
// reached the disk and the effects did not leave.
void World::crash() {
  if (!up_) return;
  const bool committed = random_.of_thousand(500);
  tell(std::string{"== the daemon dies, "} + (committed ? "after" : "before") + " its last commit");
  if (committed) {
    for (const core::Step& step : pending_) {
      for (const ledger::Event& event : step.events)
        ledger_.append(event);
    }
  }
  pending_.clear();
  commit_arranged_ = false;
  core_.reset();
  up_ = false;
  ++life_;
  ++appointment_;
  tick_at_.reset();
  disconnect_transfers();
  for (std::uint32_t i = 0; i < movers_.size(); ++i) {
    movers_[i].connected = false;
    if (movers_[i].state != Mover::State::away)
      queue_.after(random_.between(100, 5000) * 1ms, What::mover_connect, i, movers_[i].deaths);
  }
  queue_.after(random_.between(1, random_.of_thousand(200) ? 600 : 20) * 1s, What::daemon_up);
}

void World::start_daemon() {
  tell("== the daemon starts");
  up_ = true;
  core_ = std::make_unique<core::Core>(settings_, parameters_.seed + life_);
  if (parameters_.seed % 4 == 1) {
    ledger_.each([this](const ledger::Event& event) { core_->fold(event); });
    same_from_less();
  } else {
    ledger_.each_open([this](const ledger::Event& event) { core_->fold(event); });
  }
  audit_.restarted(ledger_);
  for (const auto& [name, request] : audit_.view().requests()) {
    const auto open = core_->open_requests();
    if (std::find(open.begin(), open.end(), name) == open.end())
      throw Violation("after the restart the request " + name + " is forgotten");
    break;
  }
  ++operations_;
  after(core_->recover(queue_.now(), ledger_.size()), nullptr);
  look_what_is_recorded();
  look_at_tiers();
}

// The core must come to the same from the events of what is open and from all.
void World::same_from_less() {
  core::Core all(settings_, 1);
  core::Core less(settings_, 1);
  ledger_.each([&](const ledger::Event& event) { all.fold(event); });
  ledger_.each_open([&](const ledger::Event& event) { less.fold(event); });
  const auto words = [this](core::Core& core) {
    std::string text;
    const core::Step step = core.recover(queue_.now(), ledger_.size());
    for (const ledger::Event& event : step.events)
      text += describe(event) + "\n";
    for (const core::Effect& effect : step.effects)
      text += describe(effect) + "\n";
    return text;
  };
  const std::string one = words(all);
  const std::string other = words(less);
  if (one != other)
    throw Violation("all events and those of what is open lead to different ends:\n" + one + "--\n" + other);
}

void World::calm_down() {
  calm_ = true;
  tell("== the troubles are over");
  for (Tier& tier : physical_.tiers) {
    tier.sick = tier.failing = tier.slow = false;
    tier.capacity *= 4;
    tier.inodes *= 4;
  }
  std::uint64_t all = 0;
  for (Section& section : physical_.sections) {
    section.forbidden = false;
    for (std::uint32_t key = 0; key < section.keys.size(); ++key) {
      all += section.bytes[key];
      const auto number = Physical::section_of(section.name);
      for (const Place place : {kStore, kFast}) {
        if (physical_.there(number, key, place) || (place == kStore && !physical_.there(number, key, kFast)))
          physical_.put(number, key, place);
      }
    }
  }
  for (std::uint32_t i = 0; i < movers_.size(); ++i)
    if (movers_[i].state == Mover::State::hanging) wake(i);
  const std::uint64_t jobs = audit_.view().jobs().size() + 10;
  bound_ = queue_.now() + 24h + std::chrono::seconds((jobs * 200 + all * 4 / kGiB) * 2);
  queue_.after(1min, What::mend);
}

}  // namespace microstage::sim
