// Movers and leases: who works on which dataset, and what came of it.

#include <algorithm>

#include "daemon/core/core_state.h"
#include "daemon/core/planted.h"

namespace microstage::core {

void Core::State::take(const MoverIdle& input) {
  Mover& mover = movers[input.mover];
  mover.host = input.host;
  mover.connected = true;
  mover.idle = true;
  for (auto& [token, lease] : leases) {
    if (lease.mover != input.mover) continue;
    mover.idle = false;
    // It did not get it yet, and shall again; what it had before a restart of ours we cannot give again.
    if (input.last_token < token && !lease.recovered && lease.state == LeaseState::given) {
      step.effects.emplace_back(order_of(lease));
      return;
    }
    mover.idle = true;
    const Error error{ErrorKind::transient, "the mover " + input.mover + " came back without it"};
    return end_lease(lease, LeaseHappening::silence, error);
  }
}

void Core::State::take(const MoverGone& input) {
  const auto it = movers.find(input.mover);
  if (it == movers.end()) return;
  it->second.connected = false;
  it->second.idle = false;
}

void Core::State::take(const Heartbeat& input) {
  const auto it = leases.find(input.token);
  if (it == leases.end() || it->second.mover != input.mover) {
    step.effects.emplace_back(Fence{input.mover, input.token});
    return;
  }
  Mover& mover = movers[input.mover];
  mover.connected = true;
  mover.idle = false;
  Lease& lease = it->second;
  lease.state = *lease_table().next(lease.state, LeaseHappening::heartbeat);
  timers.set({TimerKind::lease, std::to_string(lease.token)}, now + settings.lease_timeout);
  // The effect may have been lost.
  if (lease.state != LeaseState::given) {
    step.effects.emplace_back(EndLease{lease.mover, lease.token, lease.state == LeaseState::revoking});
  }
}

void Core::State::give(Task& task, const std::string& mover) {
  reserve(task);
  const Place place = place_of(task);
  dequeue(task);
  Lease& lease = leases[++last_token];
  lease.token = last_token;
  lease.mover = mover;
  lease.given = now;
  lease.dataset = task.dataset;
  lease.user = place.user;
  lease.group = place.group;
  lease.task = &task;
  lease.action = task.action;
  lease.from = task.from;
  lease.to = task.to;
  lease.charged = std::max(1e6, static_cast<double>(missing(task).bytes));
  task.lease = lease.token;
  task.short_of_space.reset();
  datasets[task.dataset].lease = lease.token;
  movers[mover].idle = false;

  for (Job* job : task.jobs) {
    if (job->state != JobState::waiting) continue;
    job->attempt += 1;
    if (lease.job.empty()) {
      lease.job = job->id;
      lease.request = job->request->id;
      ledger::Event& event = record(ledger::EventType::lease_given);
      event.request = lease.request;
      event.job = lease.job;
      event.dataset = task.dataset;
      event.host = movers[mover].host;
      event.action = name(task.action);
      event.from = task.from;
      event.to = task.to;
      event.token = lease.token;
      event.note = mover;
    }
    change(*job, JobHappening::lease);
  }
  user_share.serve(lease.user, lease.charged);
  group_share.serve(std::string(group_name(lease.group)), lease.charged);
  for (const std::string& name : {task.from, task.to}) {
    try_tier(name, task.dataset);
  }
  timers.set({TimerKind::lease, std::to_string(lease.token)}, now + settings.lease_timeout);
  GiveLease order = order_of(lease);
  if (task.action == Action::release || task.action == Action::verify)
    lease.work.insert(order.move.begin(), order.move.end());
  step.effects.emplace_back(std::move(order));
}

GiveLease Core::State::order_of(const Lease& lease) const {
  const Task& task = *lease.task;
  GiveLease order{lease.mover, lease.token, lease.job, task.dataset, task.action, task.from, task.to, {}, {}};
  for (const Transfer& transfer : task.transfers) {
    if (transfer.wanted_by == 0) continue;
    if (transfer.state == TransferState::wanted || transfer.state == TransferState::moving) {
      order.move.push_back(transfer.key);
    } else if (transfer.state == TransferState::moved || transfer.state == TransferState::there) {
      order.look.push_back(transfer.key);
    }
  }
  return order;
}

void Core::State::stop_lease(Lease& lease, LeaseHappening happening) {
  const auto next = lease_table().next(lease.state, happening);
  if (!next) return;
  lease.state = *next;
  step.effects.emplace_back(EndLease{lease.mover, lease.token, lease.state == LeaseState::revoking});
}

void Core::State::take(const GiveBack& input) {
  auto it = leases.find(input.token);
  if (PLANTED(1) && it == leases.end() && !leases.empty()) it = leases.begin();
  if (it == leases.end() || (it->second.mover != input.mover && !PLANTED(1))) {
    step.effects.emplace_back(Fence{input.mover, input.token});
    return;
  }
  Lease& lease = it->second;
  if (lease.task != nullptr) {
    Task& task = *lease.task;
    for (const FailedKey& failed : input.failed) {
      const auto place = task.places.find(failed.key);
      if (place == task.places.end()) continue;
      blame(task, failed.error, failed.tier);
      fail(task.transfers[place->second], failed.error);
    }
    if (!input.error) {
      look(lease, input.there);
    } else {
      // The work as a whole is not done: whatever is there will be looked at again.
      blame(task, *input.error, input.tier);
      for (Transfer& transfer : task.transfers) {
        if (transfer.wanted_by > 0 && transfer.state != TransferState::backing_off)
          fail(transfer, *input.error);
      }
    }
  }
  end_lease(lease, LeaseHappening::give_back, input.error);
}

// What the mover did not see is not there, whatever was believed before.
void Core::State::look(Lease& lease, const std::vector<SeenKey>& there) {
  std::set<std::string_view> seen;
  for (const SeenKey& it : there) {
    seen.insert(it.key);
    see(lease, it);
  }
  for (Transfer& transfer : lease.task->transfers) {
    if (!seen.contains(transfer.key)) advance(transfer, TransferHappening::miss);
  }
}

void Core::State::see(Lease& lease, const SeenKey& seen) {
  Task& task = *lease.task;
  const auto place = task.places.find(seen.key);
  if (place == task.places.end()) return;
  Transfer& transfer = task.transfers[place->second];
  if (!is_there(transfer)) count_written(task, transfer);
  if (!advance(transfer, TransferHappening::see)) return;
  if (task.action != Action::release && task.action != Action::verify) return;
  // What it had to look at only was not dropped or hashed by it. Of a lease from before a restart that is not
  // known: then nothing counts as hashed.
  const bool done_by_it = lease.recovered ? task.action == Action::release : lease.work.contains(seen.key);
  if (!done_by_it) return;
  ledger::Event& event = record(task.action == Action::release ? ledger::EventType::object_released
                                                               : ledger::EventType::object_verified);
  event.request = lease.request;
  event.job = lease.job;
  event.dataset = task.dataset;
  event.key = transfer.key;
  event.basis = "proof";
  event.proof = seen.proof;
  event.token = lease.token;
  event.bytes = transfer.bytes;
  if (task.action == Action::release) {
    event.from = task.from;
    event.evidence = seen.evidence;
  } else {
    event.to = task.to;
    event.verified = "hash";
  }
  lease.moved += static_cast<double>(transfer.bytes);
}

// It is there, though no report told: it takes room of the tier all the same.
void Core::State::count_written(const Task& task, const Transfer& transfer) {
  if (task.reservation.empty()) return;
  tiers[task.to].space.written(task.reservation, {transfer.bytes, transfer.inodes});
}

// Whatever was moving under the lease is wanted again, unless it was seen.
void Core::State::end_lease(Lease& lease, LeaseHappening happening, const std::optional<Error>& error) {
  const bool lost = happening == LeaseHappening::silence;
  ledger::Event& event = record(ledger::EventType::lease_ended);
  event.request = lease.request;
  event.job = lease.job;
  event.dataset = lease.dataset;
  event.token = lease.token;
  if (error) {
    event.result = name(error->kind);
    event.error = error->message;
  }
  none_can_begin = false;
  timers.clear({TimerKind::lease, std::to_string(lease.token)});
  refuse_waiting(lease.token);
  if (!lease.recovered) {
    user_share.correct(lease.user, lease.moved - lease.charged);
    group_share.correct(std::string(group_name(lease.group)), lease.moved - lease.charged);
  }
  const auto mover = movers.find(lease.mover);
  if (!lost && mover != movers.end() && mover->second.connected) mover->second.idle = true;

  Task* task = lease.task;
  const std::string dataset = lease.dataset;
  datasets[dataset].lease = 0;
  if (lease.gives_way_to != 0) way_made_for = lease.gives_way_to;
  leases.erase(std::uint64_t(lease.token));
  if (task == nullptr) return forget_dataset(dataset);
  task->lease = 0;
  const bool released = task->action == Action::release;
  for (Transfer& transfer : task->transfers) {
    // A key that was on its way when its mover vanished may be what made it vanish.
    if (lost && transfer.state == TransferState::moving) fail(transfer, *error);
    advance(transfer, TransferHappening::stop);
  }
  if (task->jobs.empty()) {
    forget(*task);
  } else {
    settle(*task);
  }
  if (released) replan_staging(dataset);
}

// Keys were dropped: what stages them and has nothing reserved must look again what is missing.
void Core::State::replan_staging(const std::string& dataset) {
  const auto it = datasets.find(dataset);
  if (it == datasets.end()) return;
  const std::vector<Task*> list = it->second.tasks;
  for (Task* task : list) {
    if (task->action == Action::stage && task->reservation.empty() && task->lease == 0) replan(*task);
  }
}

void Core::State::reserve(Task& task) {
  if (task.action != Action::stage && task.action != Action::archive) return;
  Tier* target = tier(task.to);
  const Room room = missing(task);
  if (target == nullptr || room == Room{}) return;
  const std::optional<Room> held =
      task.reservation.empty() ? std::nullopt : target->space.held(task.reservation);
  if (held && held->bytes >= room.bytes && held->inodes >= room.inodes) {
    target->space.reserve(task.reservation, room);  // after a restart it holds what is written already, too
    return;
  }
  if (!task.reservation.empty()) release_space(task);
  const Job& job = *task.jobs.front();
  task.reservation = job.id;
  target->space.reserve(job.id, room);
  ledger::Event& event = record(ledger::EventType::reservation_made);
  event.request = job.request->id;
  event.job = job.id;
  event.dataset = task.dataset;
  event.to = task.to;
  event.bytes = room.bytes;
  event.inodes = room.inodes;
}

void Core::State::release_space(Task& task) {
  if (task.reservation.empty()) return;
  none_can_begin = false;
  tiers[task.to].space.release(task.reservation);
  ledger::Event& event = record(ledger::EventType::reservation_ended);
  event.job = task.reservation;
  event.dataset = task.dataset;
  event.to = task.to;
  task.reservation.clear();
}

}  // namespace microstage::core
