// After a restart: what is open, from the ledger's events; and what must be asked for again.

#include <algorithm>

#include "daemon/core/core_state.h"
#include "daemon/core/planted.h"

namespace microstage::core {
namespace {

JobState state_named(std::string_view text) {
  for (const auto& spec : job_table().states) {
    if (spec.name == text) return spec.state;
  }
  return JobState::planning;  // a state of another version: found out anew
}

ErrorKind kind_named(std::string_view text) {
  for (int kind = 0; kind < static_cast<int>(ErrorKind::bug); ++kind) {
    if (name(static_cast<ErrorKind>(kind)) == text) return static_cast<ErrorKind>(kind);
  }
  return ErrorKind::bug;
}

}  // namespace

void Core::State::fold(const ledger::Event& event) {
  using enum ledger::EventType;
  switch (event.type) {
    case request_made: {
      auto& request = requests[event.request] = std::make_unique<Request>();
      request->id = event.request;
      request->actor = event.actor;
      request->action = action_named(event.action).value_or(Action::stage);
      request->priority = priority_named(event.priority).value_or(Priority::normal);
      if (event.until) request->deadline = from_nanoseconds(static_cast<std::int64_t>(*event.until));
      if (event.keep) request->pin = Duration(static_cast<Duration::rep>(*event.keep));
      request->made = from_nanoseconds(event.time);
      return;
    }
    case request_ended:
      requests.erase(event.request);
      return;
    case job_made:
    case job_changed:
    case job_ended:
      return fold_job(event);
    case lease_given:
    case lease_ended:
      return fold_lease(event);
    case reservation_made: {
      const auto it = jobs.find(event.job);
      if (it == jobs.end()) return;
      it->second->task->reservation = event.job;
      tiers[event.to].space.reserve(event.job, {event.bytes.value_or(0), event.inodes.value_or(0)});
      return;
    }
    case reservation_ended: {
      tiers[event.to].space.release(event.job);
      for (Task* task : datasets[event.dataset].tasks) {  // the job may have ended just before
        if (task->reservation == event.job) task->reservation.clear();
      }
      return;
    }
    case pin_made: {
      PinRecord pin{event.actor, event.dataset, event.to, {}};
      if (event.until) pin.until = from_nanoseconds(static_cast<std::int64_t>(*event.until));
      datasets[event.dataset].pins.push_back(event.pin);
      pins[event.pin] = std::move(pin);
      return;
    }
    case pin_ended: {
      const auto it = pins.find(event.pin);
      if (it == pins.end()) return;
      std::erase(datasets[it->second.dataset].pins, event.pin);
      pins.erase(it);
      return;
    }
    default:
      return;
  }
}

void Core::State::fold_job(const ledger::Event& event) {
  if (event.type == ledger::EventType::job_made) {
    const auto request = requests.find(event.request);
    if (request == requests.end() || jobs.contains(event.job)) return;
    now = from_nanoseconds(event.time);
    add_job(*request->second, event.job, {event.dataset, event.from, event.to});
    return;
  }
  if (event.type == ledger::EventType::job_ended && !event.result.empty()) {
    const auto request = requests.find(event.request);
    if (request != requests.end() && !request->second->error)
      request->second->error = Error{kind_named(event.result), event.error};
  }
  const auto it = jobs.find(event.job);
  if (it == jobs.end()) return;
  Job& job = *it->second;
  if (event.type == ledger::EventType::job_changed) {
    job.state = state_named(event.state);
    job.since = from_nanoseconds(event.time);
    job.attempt = static_cast<unsigned>(event.attempt.value_or(job.attempt));
    job.error.reset();
    if (job.state == JobState::parked) job.error = Error{ErrorKind::transient, event.error};
    return;
  }
  std::erase(job.task->jobs, &job);
  job.request->open_jobs -= 1;
  jobs.erase(event.job);
}

void Core::State::fold_lease(const ledger::Event& event) {
  const std::uint64_t token = event.token.value_or(0);
  last_token = std::max(last_token, token);
  if (event.type == ledger::EventType::lease_ended) {
    const auto it = leases.find(token);
    if (it == leases.end()) return;
    datasets[it->second.dataset].lease = 0;
    leases.erase(it);
    return;
  }
  Lease& lease = leases[token];
  lease.token = token;
  lease.mover = event.note;
  lease.job = event.job;
  lease.request = event.request;
  lease.dataset = event.dataset;
  lease.recovered = true;
  datasets[event.dataset].lease = token;
  movers[lease.mover].host = event.host;
  lease.action = action_named(event.action).value_or(Action::stage);
  lease.from = event.from;
  lease.to = event.to;
}

// The job in whose name a lease was given may have ended while others wait for the same.
void Core::State::recover(Lease& lease) {
  for (Task* task : datasets[lease.dataset].tasks) {
    if (task->action != lease.action || task->from != lease.from || task->to != lease.to) continue;
    lease.task = task;
    lease.user = task->jobs.front()->request->actor;
    task->lease = lease.token;
  }
  timers.set({TimerKind::lease, std::to_string(lease.token)}, now + settings.restart_grace);
  const auto& its_pins = datasets[lease.dataset].pins;
  const bool pinned = lease.action == Action::release &&
                      std::any_of(its_pins.begin(), its_pins.end(),
                                  [&](const std::string& id) { return pins.at(id).tier == lease.from; });
  if (lease.task == nullptr || pinned) stop_lease(lease, LeaseHappening::revoke);
}

// Whatever was under way is looked at anew: the world may have gone on. Only what is parked stays where it
// is.
void Core::State::recover(std::uint64_t head) {
  if (!PLANTED(10)) last_token = std::max(last_token, head);
  std::vector<std::uint64_t> empty;
  for (const auto& [number, task] : tasks) {
    if (task->jobs.empty()) empty.push_back(number);
  }
  for (const auto number : empty)
    forget(*tasks.at(number));
  for (auto& [token, lease] : leases)
    recover(lease);
  for (const auto& [id, pin] : pins) {
    if (pin.until) timers.set({TimerKind::pin, id}, *pin.until);
  }
  std::vector<Job*> in_order;
  for (const auto& [id, job] : jobs)
    in_order.push_back(job.get());
  std::sort(in_order.begin(), in_order.end(), [](const Job* a, const Job* b) {
    return std::tie(a->request->made, a->id) < std::tie(b->request->made, b->id);
  });
  for (Job* job : in_order) {
    if (job->state == JobState::parked) {
      timers.set({TimerKind::parked, job->id}, job->since + settings.park_limit);
      continue;
    }
    job->state = JobState::planning;
    ask_plan(*job);
  }
}

}  // namespace microstage::core
