// Requests and jobs: what people ask for, and how it ends.

#include <algorithm>

#include "daemon/core/core_state.h"
#include "daemon/core/planted.h"

namespace microstage::core {

void Core::State::refuse(const std::string& actor, std::string_view action, const std::string& request,
                         Error error) {
  ledger::Event& event = record(ledger::EventType::request_refused);
  event.actor = actor;
  event.action = action;
  event.request = request;
  event.result = name(error.kind);
  event.error = std::move(error.message);
}

void Core::State::take(const Submit& input) {
  if (requests.contains(input.request)) return;
  if (input.datasets.empty()) {
    return refuse(input.actor, name(input.action), input.request,
                  {ErrorKind::invalid, "a request without a dataset: name at least one"});
  }
  auto& request = requests[input.request] = std::make_unique<Request>();
  *request = {
      input.request, input.actor, input.action, input.priority, input.deadline, input.pin, now, 0, {}, {}};

  ledger::Event& event = record(ledger::EventType::request_made);
  event.request = input.request;
  event.actor = input.actor;
  event.action = name(input.action);
  event.note = input.note;
  if (input.priority != Priority::normal) event.priority = name(input.priority);
  if (input.deadline) event.until = static_cast<std::uint64_t>(nanoseconds(*input.deadline));
  if (input.pin > Duration{}) event.keep = static_cast<std::uint64_t>(input.pin.count());

  std::size_t number = 0;
  for (const WantedDataset& wanted : input.datasets) {
    const std::string id = input.request + "." + std::to_string(++number);
    ledger::Event& made = record(ledger::EventType::job_made);
    made.request = input.request;
    made.job = id;
    made.dataset = wanted.dataset;
    made.action = name(input.action);
    made.from = wanted.from;
    made.to = wanted.to;
    ask_plan(add_job(*request, id, wanted));
  }
}

Job& Core::State::add_job(Request& request, const std::string& id, const WantedDataset& wanted) {
  auto& job = jobs[id] = std::make_unique<Job>();
  job->id = id;
  job->request = &request;
  job->since = now;
  job->task = &task_for(wanted, request.action);
  job->task->jobs.push_back(job.get());
  request.open_jobs += 1;
  timers.set({TimerKind::request, id}, request.made + settings.request_limit);
  return *job;
}

Task& Core::State::task_for(const WantedDataset& wanted, Action action) {
  Dataset& dataset = datasets[wanted.dataset];
  for (Task* task : dataset.tasks) {
    if (task->action == action && task->from == wanted.from && task->to == wanted.to) return *task;
  }
  const std::uint64_t number = ++last_task;
  auto& task = tasks[number] = std::make_unique<Task>();
  task->number = number;
  task->dataset = wanted.dataset;
  task->action = action;
  task->from = wanted.from;
  task->to = wanted.to;
  task->home = &dataset;
  task->source = tier(wanted.from);
  task->target = tier(wanted.to);
  dataset.tasks.push_back(task.get());
  return *task;
}

// The effect may be lost with the daemon or the planner, so there is a time-out that asks again.
void Core::State::ask_plan(Job& job) {
  if (job.state == JobState::backing_off) change(job, JobHappening::replan);
  if (job.state != JobState::planning) return;
  job.plan = ++last_plan;
  const Task& task = *job.task;
  step.effects.emplace_back(PlanJob{job.id, job.plan, task.dataset, task.action, task.from, task.to});
  if (!PLANTED(6)) timers.set({TimerKind::plan, job.id}, now + settings.plan_timeout);
}

void Core::State::take(const Planned& input) {
  const auto it = jobs.find(input.job);
  if (it == jobs.end() || it->second->state != JobState::planning || it->second->plan != input.plan) return;
  Job& job = *it->second;
  job.plan_attempts = 0;
  forget_transfers(job);
  for (const PlannedTransfer& planned : input.transfers)
    want(job, planned);
  change(job, JobHappening::planned);
  Task& task = *job.task;
  const bool parked = std::any_of(job.transfers.begin(), job.transfers.end(), [&](std::uint32_t place) {
    return task.transfers[place].state == TransferState::parked;
  });
  if (parked) resume(task);  // somebody wants it anew: worth another try
  if (job.request->deadline) {
    const auto need = rates.time_for(static_cast<double>(missing(task).bytes), 1);
    const Duration margin = need ? 2 * (need->after + need->error) : Duration(1h);
    timers.set({TimerKind::deadline, job.id}, std::max(now, *job.request->deadline - margin));
  }
  settle(task);
}

void Core::State::want(Job& job, const PlannedTransfer& planned) {
  Task& task = *job.task;
  const auto [it, is_new] =
      task.places.try_emplace(planned.key, static_cast<std::uint32_t>(task.transfers.size()));
  if (is_new) {
    Transfer& transfer = task.transfers.emplace_back();
    transfer.key = planned.key;
    transfer.bytes = planned.bytes;
    transfer.inodes = planned.inodes;
    if (planned.there) transfer.state = TransferState::moved;
  } else {
    Transfer& transfer = task.transfers[it->second];
    advance(transfer, TransferHappening::doubt);
    if (planned.there && !is_there(transfer)) {
      count_written(task, transfer);
      advance(transfer, TransferHappening::arrive);
    }
  }
  if (std::find(job.transfers.begin(), job.transfers.end(), it->second) != job.transfers.end()) return;
  job.transfers.push_back(it->second);
  task.transfers[it->second].wanted_by += 1;
}

void Core::State::forget_transfers(Job& job) {
  for (const auto place : job.transfers)
    job.task->transfers[place].wanted_by -= 1;
  job.transfers.clear();
}

void Core::State::take(const PlanFailed& input) {
  const auto it = jobs.find(input.job);
  if (it == jobs.end() || it->second->state != JobState::planning || it->second->plan != input.plan) return;
  Job& job = *it->second;
  job.plan_attempts += 1;
  switch (judge(input.error.kind, job.plan_attempts)) {
    case Verdict::again_later:
    case Verdict::again_freely:
      change(job, JobHappening::fail, input.error);
      timers.set({TimerKind::plan, job.id},
                 now + backoff(settings, job.plan_attempts, std::generate_canonical<double, 53>(random)));
      return;
    case Verdict::park:
      return change(job, JobHappening::park, input.error);
    case Verdict::hopeless:
      return change(job, JobHappening::give_up, input.error);
  }
}

void Core::State::replan(Task& task) {
  dequeue(task);
  for (Job* job : task.jobs) {
    if (!job_table().next(job->state, JobHappening::replan)) continue;
    change(*job, JobHappening::replan);
    forget_transfers(*job);
    ask_plan(*job);
  }
}

void Core::State::resume(Task& task) {
  for (Transfer& transfer : task.transfers) {
    if (transfer.state != TransferState::parked) continue;
    advance(transfer, TransferHappening::resume);
    transfer.attempts = 0;
    transfer.hopeless = false;
  }
  for (Job* job : task.jobs) {
    if (job->state != JobState::parked) continue;
    change(*job, JobHappening::resume);
    ask_plan(*job);
  }
}

void Core::State::take(const Resume& input) {
  std::vector<Task*> found;
  for (const auto& [id, job] : jobs) {
    const bool meant =
        !input.job.empty() ? id == input.job : job->error && job->error->message == input.cause;
    if (meant && job->state == JobState::parked) found.push_back(job->task);
  }
  for (Task* task : found)
    resume(*task);
}

void Core::State::change(Job& job, JobHappening happening, const std::optional<Error>& error) {
  const auto next = job_table().next(job.state, happening);
  if (!next) return;
  timers.clear({TimerKind::parked, job.id});
  timers.clear({TimerKind::plan, job.id});
  job.state = *next;
  job.since = now;
  job.error = error;
  if (job_table().is_last(*next)) return end(job);

  ledger::Event& event = record(ledger::EventType::job_changed);
  event.request = job.request->id;
  event.job = job.id;
  event.dataset = job.task->dataset;
  event.state = name(*next);
  if (job.attempt > 0) event.attempt = job.attempt;
  if (error) {
    event.result = name(error->kind);
    event.error = error->message;
  }
  if (happening == JobHappening::planned) {
    std::uint64_t bytes = 0;
    std::uint64_t inodes = 0;
    for (const auto place : job.transfers) {
      bytes += job.task->transfers[place].bytes;
      inodes += job.task->transfers[place].inodes;
    }
    event.files = job.transfers.size();
    event.bytes = bytes;
    event.inodes = inodes;
  }
  if (*next == JobState::parked) timers.set({TimerKind::parked, job.id}, now + settings.park_limit);
}

// The job came into a last state: it leaves, and its request with the last of them.
void Core::State::end(Job& job) {
  Request& request = *job.request;
  Task& task = *job.task;
  ledger::Event& event = record(ledger::EventType::job_ended);
  event.request = request.id;
  event.job = job.id;
  event.dataset = task.dataset;
  event.state = name(job.state);
  if (job.attempt > 0) event.attempt = job.attempt;
  event.duration = static_cast<std::uint64_t>(std::max<Duration>(Duration{}, now - request.made).count());
  if (job.error && job.state == JobState::failed) {
    event.result = name(job.error->kind);
    event.error = job.error->message;
    if (!request.error) request.error = job.error;
  }
  if (job.state == JobState::done && request.action == Action::stage && request.pin > Duration{}) {
    make_pin(job.id, {request.actor, task.dataset, task.to, now + request.pin}, request.id);
  }
  for (const auto kind : {TimerKind::plan, TimerKind::parked, TimerKind::request, TimerKind::deadline}) {
    timers.clear({kind, job.id});
  }
  forget_transfers(job);
  std::erase(task.jobs, &job);
  request.open_jobs -= 1;
  if (task.reservation == job.id && !(PLANTED(2) && job.state == JobState::cancelled)) {
    release_space(task);
    // Others still wait for it: the space is theirs now.
    if (task.lease != 0 && !task.jobs.empty()) reserve(task);
  }

  if (request.open_jobs == 0) {
    const auto happening = request.state != RequestState::open ? std::nullopt
                           : request.error                     ? std::optional(RequestHappening::some_failed)
                                                               : std::optional(RequestHappening::all_done);
    if (happening) request.state = *request_table().next(request.state, *happening);
    ledger::Event& ended = record(ledger::EventType::request_ended);
    ended.request = request.id;
    if (request.state == RequestState::cancelled) ended.result = name(ErrorKind::cancelled);
    if (request.state == RequestState::failed) {
      ended.result = name(request.error->kind);
      ended.error = request.error->message;
    }
    requests.erase(std::string(request.id));
  }
  jobs.erase(std::string(job.id));

  const auto lease = leases.find(task.lease);
  if (lease != leases.end()) {
    const bool wanted = std::any_of(task.jobs.begin(), task.jobs.end(),
                                    [](const Job* other) { return other->state == JobState::running; });
    if (!wanted) stop_lease(lease->second, LeaseHappening::revoke);
    return;
  }
  if (task.jobs.empty()) {
    forget(task);
  } else {
    enqueue(task);
  }
}

// Nobody wants it any more, and no mover works on it.
void Core::State::forget(Task& task) {
  dequeue(task);
  timers.clear({TimerKind::retry, std::to_string(task.number)});
  const std::string name = task.dataset;
  std::erase(datasets[name].tasks, &task);
  tasks.erase(task.number);
  forget_dataset(name);
}

void Core::State::forget_dataset(const std::string& name) {
  const auto it = datasets.find(name);
  if (it == datasets.end()) return;
  const Dataset& dataset = it->second;
  if (dataset.tasks.empty() && dataset.pins.empty() && dataset.lease == 0) datasets.erase(it);
}

void Core::State::take(const Cancel& input) {
  const auto it = requests.find(input.request);
  if (it == requests.end()) return;
  Request& request = *it->second;
  if (input.actor != request.actor && !input.manager) {
    return refuse(input.actor, "cancel", input.request,
                  {ErrorKind::permission,
                   "the request is " + request.actor + "'s: he or a data manager may cancel it"});
  }
  request.state = *request_table().next(request.state, RequestHappening::cancel);
  std::vector<Job*> open;
  for (const auto& [id, job] : jobs) {
    if (job->request == &request) open.push_back(job.get());
  }
  if (PLANTED(8)) {
    const std::vector<Job*> asked = open;
    for (const Job* job : asked) {
      for (Job* other : job->task->jobs)
        if (std::find(open.begin(), open.end(), other) == open.end()) open.push_back(other);
    }
  }
  for (Job* job : open)
    change(*job, JobHappening::cancel);
}

}  // namespace microstage::core
