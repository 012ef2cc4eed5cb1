#include "tests/sim/view.h"

#include <algorithm>
#include <optional>

#include "lib/ledger/catalogue.h"

namespace microstage::sim {
namespace {

using core::JobState;

constexpr std::size_t kJobStates = static_cast<std::size_t>(JobState::cancelled) + 1;

JobState job_state(const std::string& word) {
  for (std::size_t i = 0; i < kJobStates; ++i)
    if (core::name(static_cast<JobState>(i)) == word) return static_cast<JobState>(i);
  throw Violation("an event with the unknown job state '" + word + "'");
}

// Whether one happening of the table leads from one state to the other.
bool may_follow(JobState from, JobState to) {
  static const auto table = [] {
    std::array<std::array<bool, kJobStates>, kJobStates> may{};
    for (const auto& transition : core::job_table().transitions)
      may.at(static_cast<std::size_t>(transition.from)).at(static_cast<std::size_t>(transition.to)) = true;
    return may;
  }();
  return table.at(static_cast<std::size_t>(from)).at(static_cast<std::size_t>(to));
}

}  // namespace

void View::start_again(const LedgerModel& ledger) {
  *this = View(lease_on_.size());
  closed_ = ledger.closed();
  greatest_token_ = 0;
  restarting_ = true;
  ledger.each_open([this](const ledger::Event& event) { apply(event); });
  restarting_ = false;
  for (auto& [name, job] : jobs_)  // found out anew, without an event
    if (job.state != JobState::parked) job.state = JobState::planning;
  greatest_token_ = ledger.greatest_token();
}

const SeenJob* View::job(const std::string& name) const {
  const auto found = jobs_.find(name);
  return found == jobs_.end() ? nullptr : &found->second;
}
const SeenRequest* View::request(const std::string& name) const {
  const auto found = requests_.find(name);
  return found == requests_.end() ? nullptr : &found->second;
}
const SeenLease* View::lease(std::uint64_t token) const {
  const auto found = leases_.find(token);
  return found == leases_.end() ? nullptr : &found->second;
}

void View::close(const ledger::Event& event) {
  if (!closed_.insert(thing_of(event)).second) {
    throw Violation(std::string{ledger::name(event.type)} + " twice for " + thing_of(event).substr(1));
  }
}

SeenJob& View::open_job(const ledger::Event& event) {
  const auto found = jobs_.find(event.job);
  if (found == jobs_.end()) {
    throw Violation(std::string{ledger::name(event.type)} + " for the job " + event.job +
                    " that is not open");
  }
  return found->second;
}

void View::apply(const ledger::Event& event) {
  using enum ledger::EventType;
  if (const auto good = ledger::check(event); !good) throw Violation(good.error().message);
  switch (event.type) {
    case request_made:
      if (closed_.contains(thing_of(event)) ||
          !requests_.try_emplace(event.request, SeenRequest{event.actor}).second)
        throw Violation("request.made twice for " + event.request);
      return;
    case request_ended:
      return View::request_ended(event);
    case job_made:
      return made(event);
    case job_changed:
      return changed(event);
    case job_ended:
      return ended(event);
    case ledger::EventType::lease_given:
      return View::lease_given(event);
    case ledger::EventType::lease_ended:
      return View::lease_ended(event);
    case reservation_made:
      return reserve(event);
    case reservation_ended:
      return unreserve(event);
    case pin_made:
    case pin_ended:
      return pin(event);
    default:
      return;
  }
}

void View::made(const ledger::Event& event) {
  const auto action = core::action_named(event.action);
  if (!action) throw Violation("job.made with the unknown action '" + event.action + "'");
  const auto request = requests_.find(event.request);
  if (request == requests_.end()) throw Violation("job.made for " + event.request + " that is not open");
  if (closed_.contains(thing_of(event))) throw Violation("job.made for " + event.job + " that has ended");
  const SeenJob job{event.request, Physical::section_of(event.dataset), *action, place_named(event.from),
                    place_named(event.to)};
  const auto [made, fresh] = jobs_.try_emplace(event.job, job);
  if (!fresh) throw Violation("job.made twice for " + event.job);
  made->second.place_in_list = job_list_.size();
  job_list_.push_back(&made->first);
  ++request->second.jobs;
  ++request->second.open_jobs;
}

void View::move_to(SeenJob& job, JobState state, const ledger::Event& event) {
  if (!may_follow(job.state, state)) {
    throw Violation("the job " + event.job + " went from " + std::string{core::name(job.state)} + " to " +
                    std::string{core::name(state)});
  }
  job.state = state;
}

void View::changed(const ledger::Event& event) {
  SeenJob& job = open_job(event);
  const JobState state = job_state(event.state);
  if (core::job_table().is_last(state)) throw Violation("job.changed of " + event.job + " to a last state");
  if (state != job.state) move_to(job, state, event);
}

void View::ended(const ledger::Event& event) {
  SeenJob& job = open_job(event);
  const JobState state = job_state(event.state);
  if (!core::job_table().is_last(state)) throw Violation("job.ended of " + event.job + " with no last state");
  move_to(job, state, event);
  close(event);
  if (const auto request = requests_.find(job.request); request != requests_.end()) {
    --request->second.open_jobs;
    request->second.bad_jobs += state != JobState::done ? 1 : 0;
  }
  const std::size_t hole = job.place_in_list;
  job_list_[hole] = job_list_.back();
  jobs_.find(*job_list_[hole])->second.place_in_list = hole;
  job_list_.pop_back();
  jobs_.erase(event.job);
}

void View::request_ended(const ledger::Event& event) {
  const auto request = requests_.find(event.request);
  if (request == requests_.end()) throw Violation("request.ended for " + event.request + " that is not open");
  if (request->second.open_jobs != 0)
    throw Violation("the request " + event.request + " ended before its jobs");
  if (event.result.empty() && request->second.bad_jobs != 0)
    throw Violation("the request " + event.request + " ended well, though some of its jobs did not");
  close(event);
  requests_.erase(request);
}

void View::lease_given(const ledger::Event& event) {
  const auto job = jobs_.find(event.job);
  if (!restarting_ && job == jobs_.end())
    throw Violation("lease.given for " + event.job + " that is not open");
  if (*event.token <= greatest_token_)
    throw Violation("the token " + std::to_string(*event.token) + " did not grow");
  greatest_token_ = *event.token;
  const std::uint32_t section =
      job != jobs_.end() ? job->second.section : Physical::section_of(event.dataset);
  if (lease_on_[section] != 0) {
    throw Violation("two leases on d" + std::to_string(section) + ": " + std::to_string(lease_on_[section]) +
                    " and " + std::to_string(*event.token));
  }
  const auto action = core::action_named(event.action);
  if (!action) throw Violation("lease.given with the unknown action '" + event.action + "'");
  lease_on_[section] = *event.token;
  leases_.try_emplace(*event.token,
                      SeenLease{event.job, section, *action, place_named(event.from), place_named(event.to)});
}

void View::lease_ended(const ledger::Event& event) {
  const auto lease = leases_.find(*event.token);
  if (lease == leases_.end()) throw Violation("lease.ended for a lease that is not live: " + event.job);
  lease_on_[lease->second.section] = 0;
  leases_.erase(lease);
  close(event);
}

void View::reserve(const ledger::Event& event) {
  open_job(event);
  const Place place = place_named(event.to);
  if (place >= 2) throw Violation("a reservation of " + event.job + " on no tier");
  const SeenReservation held{Physical::section_of(event.dataset), place, *event.bytes, *event.inodes};
  if (!reservations_.try_emplace(event.job, held).second) throw Violation("two reservations of " + event.job);
}

void View::unreserve(const ledger::Event& event) {
  if (reservations_.erase(event.job) == 0)
    throw Violation("reservation.ended of " + event.job + ", which has none");
}

bool View::written(std::uint32_t section, Place place, std::uint64_t bytes) {
  for (auto& [job, held] : reservations_) {
    if (held.section != section || held.place != place) continue;
    held.bytes -= std::min(held.bytes, bytes);
    held.inodes -= std::min<std::uint64_t>(held.inodes, 1);
    return true;
  }
  return false;
}

void View::pin(const ledger::Event& event) {
  if (event.type == ledger::EventType::pin_made) {
    const SeenPin pin{Physical::section_of(event.dataset), place_named(event.to)};
    if (closed_.contains(thing_of(event)) || !pins_.try_emplace(event.pin, pin).second)
      throw Violation("pin.made twice for " + event.pin);
    if (pin.place < 2) ++pins_on_[pin.section * 2 + pin.place];
    return;
  }
  const auto found = pins_.find(event.pin);
  if (found == pins_.end()) throw Violation("pin.ended for " + event.pin + " that is not there");
  if (found->second.place < 2) --pins_on_[found->second.section * 2 + found->second.place];
  pins_.erase(found);
  close(event);
}

}  // namespace microstage::sim
