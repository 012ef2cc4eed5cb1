#include "tests/sim/audit.h"

#include <algorithm>
#include <set>

#include "lib/ledger/catalogue.h"

namespace microstage::sim {
namespace {

using core::Time;

constexpr std::size_t kSeenThere = 0;
constexpr std::size_t kSeenGone = 1;

std::string text(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

Audit::Audit(const Physical& physical, const core::Settings& settings)
    : physical_(physical), settings_(settings), view_(physical.sections.size()) {
  for (const Section& section : physical.sections)
    looked_.emplace_back(section.keys.size()), known_.emplace_back(section.keys.size());
}

void Audit::before(const core::Input& input, Time now) {
  fenced_.reset();
  ++steps_;
  if (const auto* ask = std::get_if<core::AskGrant>(&input)) note(*ask, now);
  if (const auto* back = std::get_if<core::GiveBack>(&input)) note(*back);
  if (const auto* planned = std::get_if<core::Planned>(&input)) note(*planned);
  if (const auto* idle = std::get_if<core::MoverIdle>(&input)) movers_[idle->mover] = {true, true};
  if (const auto* gone = std::get_if<core::MoverGone>(&input)) movers_[gone->mover] = {};
  if (const auto* beat = std::get_if<core::Heartbeat>(&input)) {
    if (!view_.live(beat->token)) fenced_ = beat->token;
    if (view_.live(beat->token)) movers_[beat->mover] = {true, false};
  }
  if (const auto* seen = std::get_if<core::TierSeen>(&input))
    rooms_.at(place_named(seen->tier)) = {true, seen->free_bytes, seen->free_inodes, 0, 0};
  if (const auto* progress = std::get_if<core::GrantProgress>(&input)) {
    if (const auto found = grants_.find(progress->grant); found != grants_.end() && holds(found->second, now))
      found->second.sign = now;
  }
  if (const auto* gone = std::get_if<core::GrantGone>(&input)) grants_.erase(gone->grant);
  if (const auto* end = std::get_if<core::EndGrant>(&input)) grants_.erase(end->grant);
}

void Audit::note(const core::AskGrant& ask, Time now) {
  if (ask.token != 0 && !view_.live(ask.token)) fenced_ = ask.token;
  SeenGrant grant{ask.token,
                  ask.bytes,
                  ask.actor,
                  Physical::section_of(ask.dataset),
                  Physical::key_of(ask.key),
                  place_named(ask.from),
                  place_named(ask.to),
                  now};
  grant.adopted = ask.moving;
  grants_.try_emplace(ask.grant, std::move(grant));
}

void Audit::note(const core::GiveBack& back) {
  const SeenLease* lease = view_.lease(back.token);
  if (lease == nullptr) {
    fenced_ = back.token;
    return;
  }
  movers_[back.mover].idle = movers_[back.mover].connected;
  const std::size_t what = lease->action == core::Action::release ? kSeenGone : kSeenThere;
  const std::set<std::string> there = [&] {
    std::set<std::string> names;
    for (const core::SeenKey& seen : back.there)
      names.insert(seen.key);
    return names;
  }();
  for (std::uint32_t key = 0; key < looked_[lease->section].size(); ++key) {
    const bool seen = there.contains(physical_.sections[lease->section].keys[key]);
    if (seen) looked_[lease->section][key].at(what) = steps_;
    if (lease->to < 2 && !back.error) known(lease->section, key, lease->to, seen);
    if (seen && what == kSeenGone && lease->from < 2) known(lease->section, key, lease->from, false);
  }
}

void Audit::note(const core::Planned& planned) {
  const auto found = plans_.find(planned.job);
  if (found == plans_.end() || found->second.number != planned.plan) return;
  std::vector<std::uint32_t> keys;
  const SeenJob* job = view_.job(planned.job);
  for (const core::PlannedTransfer& transfer : planned.transfers) {
    keys.push_back(Physical::key_of(transfer.key));
    if (job != nullptr && transfer.there && job->to < 2)
      known(job->section, keys.back(), job->to, true, Word::planned);
  }
  found->second.keys = std::move(keys);
}

void Audit::after(const core::Step& step, const core::Input* input, Time now) {
  for (const ledger::Event& event : step.events) {
    if (event.type == ledger::EventType::job_ended && event.state == core::name(core::JobState::done)) {
      if (const SeenJob* job = view_.job(event.job)) job_done(event.job, *job);
    }
    if (event.type == ledger::EventType::job_made) made_.insert_or_assign(event.job, steps_);
    if (event.type == ledger::EventType::job_ended) plans_.erase(event.job), made_.erase(event.job);
    view_.apply(event);
    if (event.type == ledger::EventType::reservation_made) reservation(event);
    if (event.type == ledger::EventType::transfer_finished) written(event);
  }
  for (const core::Effect& effect : step.effects) {
    if (const auto* plan = std::get_if<core::PlanJob>(&effect)) Audit::effect(*plan);
    if (const auto* lease = std::get_if<core::GiveLease>(&effect)) Audit::effect(*lease);
    if (const auto* end = std::get_if<core::EndLease>(&effect)) stopped_.insert(end->token);
    if (const auto* grant = std::get_if<core::Grant>(&effect)) Audit::effect(*grant, now);
    if (const auto* refusal = std::get_if<core::RefuseGrant>(&effect)) grants_.erase(refusal->grant);
  }
  if (input != nullptr && fenced_) fenced(step, *input);
  pins_hold(step);
  ended_things(step);
}

// A key came to a place, or turned out not to be there. What came takes room, and needs no more to be kept
// for it; what was only seen or planned, and has nothing reserved, was there all the time.
void Audit::known(std::uint32_t section, std::uint32_t key, Place place, bool there, Word word) {
  auto& its = known_[section][key].at(place);
  const bool came = there && !its;
  its = there;
  if (!came) return;
  const std::uint64_t bytes = physical_.sections[section].bytes[key];
  const bool reserved = view_.written(section, place, bytes);
  if (word != Word::reported && (word == Word::planned || !reserved)) return;
  rooms_.at(place).written += bytes;
  rooms_.at(place).files += 1;
}

void Audit::written(const ledger::Event& event) {
  const Place place = place_named(event.to);
  if (place >= rooms_.size()) return;
  if (event.basis == "proof") {
    return known(Physical::section_of(event.dataset), Physical::key_of(event.key), place, true,
                 Word::reported);
  }
  rooms_.at(place).written += *event.bytes;
  rooms_.at(place).files += 1;
}

void Audit::restarted(const LedgerModel& ledger) {
  view_.start_again(ledger);
  grants_.clear();
  for (auto& held : held_)
    held.clear();
  budgets_ = {};
  plans_.clear();
  movers_.clear();
  stopped_.clear();
  rooms_ = {};
  for (auto& section : known_)
    std::fill(section.begin(), section.end(), std::array<bool, 2>{});
  same_deadline_ = 0;
}

void Audit::deadline(const std::optional<Time>& next, Time now) {
  if (!next || *next > now) {
    same_deadline_ = 0;
    return;
  }
  if (now != last_deadline_) same_deadline_ = 0;
  last_deadline_ = now;
  if (++same_deadline_ > 20) throw Violation("next_deadline stays in the past");
}

void Audit::effect(const core::PlanJob& plan) {
  if (view_.job(plan.job) == nullptr)
    throw Violation("a plan is wanted for " + plan.job + " that is not open");
  Plan& its = plans_[plan.job];
  if (its.number == plan.plan) return;  // asked again
  its.number = plan.plan;
}

void Audit::effect(const core::GiveLease& given) {
  const SeenLease* lease = view_.lease(given.token);
  if (lease == nullptr)
    throw Violation("a lease is given that the ledger does not know: " + text(given.token));
  SeenMover& mover = movers_[given.mover];
  if (!mover.idle) throw Violation("a lease is given to " + given.mover + ", who is not idle");
  mover.idle = false;
  const Place place = place_named(given.from);
  if (given.action == core::Action::release && view_.pinned(lease->section, place) && !given.move.empty())
    throw Violation("a lease is given to release the pinned " + given.dataset);
}

bool Audit::holds(const SeenGrant& grant, Time now) const {
  return grant.granted && now - grant.sign < settings_.grant_timeout &&
         (grant.token == 0 || view_.live(grant.token));
}

void Audit::effect(const core::Grant& given, Time now) {
  const auto found = grants_.find(given.grant);
  if (found == grants_.end()) return;  // who asked has gone meanwhile
  SeenGrant& grant = found->second;
  if (grant.granted) return;
  if (grant.token != 0 && !view_.live(grant.token) && !grant.adopted)
    throw Violation("a grant under the dead token " + text(grant.token));
  grant.granted = true;
  grant.sign = now;
  hold_limits(given.grant, grant, grant.to, now);
  if (grant.from != grant.to) hold_limits(given.grant, grant, grant.from, now);
  if (!grant.adopted) granted_[grant.actor] += grant.bytes;
}

void Audit::hold_limits(std::uint64_t number, SeenGrant& grant, Place place, Time now) {
  if (place >= held_.size()) return;
  auto& held = held_.at(place);
  std::erase_if(held, [&](std::uint64_t other) {
    const auto found = grants_.find(other);
    return other == number || found == grants_.end() || !holds(found->second, now);
  });
  unsigned count = 0;
  for (const std::uint64_t other : held) {
    const SeenGrant& its = grants_.at(other);
    if (!its.adopted) ++count;
    if (!grant.adopted && place == grant.to && its.to == grant.to && place != kElsewhere &&
        its.section == grant.section && its.key == grant.key && (its.token != 0 || grant.token != 0))
      throw Violation("two grants for one key to one place: " + text(other) + " and " + text(number));
  }
  held.push_back(number);
  if (grant.adopted) return;
  const auto limits = settings_.tiers.find(std::string{kPlaceNames.at(place)});
  const core::TierLimits its = limits == settings_.tiers.end() ? core::TierLimits{} : limits->second;
  if (count >= its.transfers)
    throw Violation("more transfers than " + std::string{kPlaceNames.at(place)} + " bears");
  if (its.bytes_per_second != 0) spend(place, grant.bytes, now);
}

// A bucket that starts full and may go below nothing by what was granted last.
void Audit::spend(Place place, std::uint64_t bytes, Time now) {
  const core::TierLimits& its = settings_.tiers.at(std::string{kPlaceNames.at(place)});
  Budget& budget = budgets_.at(place);
  const double passed = std::chrono::duration<double>(now - budget.since).count();
  budget.level = std::max(0.0, budget.level - passed * static_cast<double>(its.bytes_per_second) * 1.001);
  budget.since = now;
  if (budget.level > static_cast<double>(its.burst_bytes) * 1.01)
    throw Violation("more bytes a second than " + std::string{kPlaceNames.at(place)} + " bears");
  budget.level += static_cast<double>(bytes);
}

void Audit::fenced(const core::Step& step, const core::Input& input) const {
  const bool back = std::holds_alternative<core::GiveBack>(input);
  if (!back && !std::holds_alternative<core::Heartbeat>(input)) return;
  for (const ledger::Event& event : step.events) {
    const bool of_it = event.token == fenced_;
    const bool result = back && (event.type == ledger::EventType::object_released ||
                                 event.type == ledger::EventType::object_verified);
    if (of_it || result) throw Violation("the dead token " + text(*fenced_) + " changed something");
  }
}

void Audit::job_done(const std::string& name, const SeenJob& job) {
  const auto plan = plans_.find(name);
  if (plan == plans_.end() || !plan->second.keys)
    throw Violation("the job " + name + " is done without a plan");
  const bool release = job.action == core::Action::release;
  const Place place = release ? job.from : job.to;
  for (const std::uint32_t key : *plan->second.keys) {
    const std::string what =
        physical_.sections[job.section].keys[key] + " on " + std::string{kPlaceNames.at(place)};
    const bool right =
        release ? !physical_.there(job.section, key, place) : physical_.good(job.section, key, place);
    if (!right)
      throw Violation("the job " + name + " is done, but " + what + (release ? " is there" : " is not good"));
    if (looked_[job.section][key].at(release ? kSeenGone : kSeenThere) < made_[name])
      throw Violation("the job " + name + " is done, but nobody looked at " + what);
  }
}

// What is promised and not yet written fits into what the tier said it has, less what was written since.
void Audit::reservation(const ledger::Event& event) {
  const Place place = place_named(event.to);
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;
  for (const auto& [job, held] : view_.reservations()) {
    if (held.place != place) continue;
    bytes += held.bytes;
    inodes += held.inodes;
  }
  // What a mover goes on to write after its lease has ended is in no reservation: a little of that is no
  // fault.
  constexpr std::uint64_t kStray = 64ULL << 30U;
  constexpr std::uint64_t kStrayFiles = 8;
  const Room& room = rooms_.at(place);
  if (!room.known || bytes + room.written > room.bytes + kStray ||
      inodes + room.files > room.inodes + kStrayFiles)
    throw Violation("more is reserved on " + event.to + " than it has");
}

// Nothing outlives its job.
void Audit::ended_things(const core::Step& step) {
  for (const ledger::Event& event : step.events) {
    if (event.type == ledger::EventType::job_ended && view_.reservations().contains(event.job))
      throw Violation("the job " + event.job + " ended with its reservation held");
  }
}

// Somebody who is releasing must be stopped in the step in which a pin comes.
void Audit::pins_hold(const core::Step& step) {
  for (const ledger::Event& event : step.events) {
    if (event.type != ledger::EventType::pin_made) continue;
    const std::uint32_t section = Physical::section_of(event.dataset);
    const std::uint64_t token = view_.lease_on(section);
    const SeenLease* lease = token == 0 ? nullptr : view_.lease(token);
    if (lease == nullptr || lease->action != core::Action::release || lease->from != place_named(event.to))
      continue;
    const bool ended = std::any_of(step.effects.begin(), step.effects.end(), [&](const core::Effect& effect) {
      const auto* end = std::get_if<core::EndLease>(&effect);
      return end != nullptr && end->token == token;
    });
    if (!ended && !stopped_.contains(token))
      throw Violation("a pin came, and who releases " + event.dataset + " is not stopped");
  }
}

void Audit::untrue(const core::Wait& wait, const std::string& job, const char* why) const {
  throw Violation("why " + job + " says '" + std::string{core::name(wait.constraint)} + "', but " + why);
}

void Audit::question(const core::Core& core, const std::string& job, Time now) {
  const SeenJob* its = view_.job(job);
  if (its == nullptr) return;
  const auto shown = core.job(job);
  if (!shown) throw Violation("the core does not know the open job " + job);
  if (shown->state != its->state) {
    throw Violation("the core shows " + job + " as " + std::string{core::name(shown->state)} +
                    ", by its events it is " + std::string{core::name(its->state)});
  }
  const auto wait = core.why(job, now);
  if (!wait) throw Violation("no answer to why " + job);
  constraint_true(*wait, job, *its);
}

void Audit::constraint_true(const core::Wait& wait, const std::string& name, const SeenJob& job) const {
  using core::Constraint;
  using core::JobState;
  const bool idle =
      std::any_of(movers_.begin(), movers_.end(), [](const auto& one) { return one.second.idle; });
  const auto must = [&](bool good, const char* why) {
    if (!good) untrue(wait, name, why);
  };
  must(wait.constraint == Constraint::none || !wait.text.empty(), "it has no words for it");
  must((job.state == JobState::parked) == (wait.constraint == Constraint::parked), "that is about its state");
  must((job.state == JobState::planning) == (wait.constraint == Constraint::plan), "that is about its state");
  must(job.state != JobState::waiting || wait.constraint != Constraint::none, "it waits");
  switch (wait.constraint) {
    case Constraint::no_mover:
      return must(!idle, "a mover is idle");
    case Constraint::movers_busy:
    case Constraint::fair_share:
      return must(!idle, "a mover is idle");
    case Constraint::dataset_busy:
      return must(view_.lease_on(job.section) != 0, "nobody works on the dataset");
    case Constraint::pinned:
      return must(job.action == core::Action::release && view_.pinned(job.section, job.from),
                  "there is no pin");
    case Constraint::wanted: {
      const auto wants = [&](const auto& other) {
        return other.second.section == job.section &&
               (other.second.action == core::Action::stage || other.second.action == core::Action::archive);
      };
      const auto& jobs = view_.jobs();
      return must(job.action == core::Action::release && std::any_of(jobs.begin(), jobs.end(), wants),
                  "nobody wants it");
    }
    case Constraint::bytes:
    case Constraint::inodes:
      return must(job.action == core::Action::stage || job.action == core::Action::archive,
                  "it needs no space");
    case Constraint::back_off:
      return must(job.state == JobState::backing_off, "its state is another");
    default:
      return;
  }
}

}  // namespace microstage::sim
