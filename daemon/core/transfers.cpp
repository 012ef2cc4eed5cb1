// Keys on their way: what a result means for the key, for the tier, and for the jobs that wait.

#include <algorithm>

#include "daemon/core/core_state.h"
#include "daemon/core/planted.h"

namespace microstage::core {

// What is not in the table came late, or twice, and changes nothing.
bool Core::State::advance(Transfer& transfer, TransferHappening happening) {
  const auto next = transfer_table().next(transfer.state, happening);
  if (!next) return false;
  transfer.state = *next;
  return true;
}

void Core::State::fail(Transfer& transfer, const Error& error) {
  if (transfer.state == TransferState::there || transfer.state == TransferState::parked) return;
  const Verdict verdict = judge(error.kind, transfer.attempts + 1);
  if (verdict == Verdict::again_freely) {
    advance(transfer, TransferHappening::stop);
    return;
  }
  transfer.attempts += 1;
  transfer.error = error;
  if (verdict == Verdict::again_later) {
    if (!advance(transfer, TransferHappening::fail)) return;
    transfer.due = now + backoff(settings, transfer.attempts, std::generate_canonical<double, 53>(random));
  } else if (advance(transfer, TransferHappening::park)) {
    transfer.hopeless = verdict == Verdict::hopeless;
  }
}

// Which tier was at fault is often not known: then both are suspected, and what works on one clears it.
void Core::State::blame(const Task& task, const Error& error, const std::string& at_fault) {
  if (is_space(error.kind)) {
    Tier* full = tier(at_fault.empty() ? task.to : at_fault);
    if (full == nullptr) return;
    full->space.pause(error.kind, now + settings.space_pause);
    timers.set({TimerKind::space, at_fault.empty() ? task.to : at_fault}, now + settings.space_pause);
    return;
  }
  if (!blames_tier(error.kind)) return;
  for (const std::string& name : {task.from, task.to}) {
    Tier* suspect = tier(name);
    if (suspect == nullptr || (!at_fault.empty() && name != at_fault)) continue;
    if (suspect->breaker.failed(settings, error, task.dataset, now)) {
      timers.set({TimerKind::breaker, name}, *suspect->breaker.until());
    }
  }
}

// Work on the dataset begins there: if the tier was resting, this is its try, which may also come to nothing.
void Core::State::try_tier(const std::string& name, const std::string& dataset) {
  Tier* it = tier(name);
  if (it == nullptr) return;
  it->breaker.begin(settings, dataset, now);
  if (const auto until = it->breaker.until()) timers.set({TimerKind::breaker, name}, std::max(now, *until));
}

void Core::State::worked(const Task& task) {
  for (const std::string& name : {task.from, task.to}) {
    Tier* it = tier(name);
    if (it == nullptr) continue;
    if (it->breaker.until()) none_can_begin = false;
    it->breaker.worked();
  }
}

Room Core::State::missing(const Task& task) const {
  Room room;
  for (const Transfer& transfer : task.transfers) {
    if (transfer.wanted_by == 0 || transfer.state == TransferState::there ||
        transfer.state == TransferState::moved) {
      continue;
    }
    room.bytes += transfer.bytes;
    room.inodes += transfer.inodes;
  }
  return room;
}

// Brings what is due back, and each job into the state that its keys are in. May end jobs, and the task with
// them.
void Core::State::settle(Task& task) {
  for (Transfer& transfer : task.transfers) {
    if (transfer.state == TransferState::backing_off && transfer.due <= now) {
      advance(transfer, TransferHappening::due);
    }
  }
  const std::uint64_t number = task.number;
  const std::vector<Job*> jobs_now = task.jobs;
  for (Job* job : jobs_now)
    settle(*job);
  if (!tasks.contains(number)) return;
  watch_retries(task);
  enqueue(task);
}

void Core::State::settle(Job& job) {
  const bool unplanned = job.state == JobState::planning || job.plan_attempts > 0;
  if (unplanned || (job.state == JobState::parked && job.transfers.empty())) return;
  bool all_there = true;
  bool movable = false;
  bool backing_off = false;
  const Transfer* worst = nullptr;
  for (const auto place : job.transfers) {
    const Transfer& transfer = job.task->transfers[place];
    if (transfer.state == TransferState::there || (PLANTED(4) && is_there(transfer))) continue;
    all_there = false;
    if (transfer.state == TransferState::parked) {
      if (worst == nullptr || transfer.hopeless) worst = &transfer;
    } else if (transfer.state == TransferState::backing_off) {
      backing_off = true;
      if (worst == nullptr) worst = &transfer;
    } else {
      movable = true;
    }
  }
  if (all_there) return change(job, JobHappening::complete);
  if (movable) {
    if (job.state == JobState::running && job.task->lease != 0) return;
    return change(job, job.state == JobState::running ? JobHappening::interrupt : JobHappening::due);
  }
  if (job.state == JobState::running && job.task->lease != 0) return;
  if (backing_off) {
    if (job.state != JobState::backing_off) change(job, JobHappening::fail, worst->error);
    return;
  }
  if (worst->hopeless) return change(job, JobHappening::give_up, worst->error);
  if (job.state != JobState::parked) change(job, JobHappening::park, worst->error);
}

void Core::State::watch_retries(Task& task) {
  const Timer timer{TimerKind::retry, std::to_string(task.number)};
  std::optional<Time> first;
  for (const Transfer& transfer : task.transfers) {
    if (transfer.state != TransferState::backing_off || transfer.wanted_by == 0) continue;
    if (!first || transfer.due < *first) first = transfer.due;
  }
  if (first) {
    if (!PLANTED(9)) timers.set(timer, *first);
  } else {
    timers.clear(timer);
  }
}

}  // namespace microstage::core
