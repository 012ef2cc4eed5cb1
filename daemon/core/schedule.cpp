// Who goes next: classes, fair shares, finishing what was begun, and what cannot begin yet.

#include <algorithm>

#include "daemon/core/core_state.h"
#include "daemon/core/planted.h"

namespace microstage::core {
namespace {

constexpr std::uint64_t kNearlyComplete = 4;  // a quarter or less is left: not interrupted for others

Class group_of(const Task& task) {
  switch (task.action) {
    case Action::release:
      return Class::release;
    case Action::archive:
      return Class::archive;
    case Action::verify:
      return Class::verify;
    case Action::stage:
      break;
  }
  const bool urgent = std::any_of(task.jobs.begin(), task.jobs.end(), [](const Job* job) {
    return job->promoted || job->request->priority == Priority::urgent;
  });
  return urgent ? Class::urgent : Class::stage;
}

}  // namespace

Constraint constraint_of(Shortage shortage) {
  switch (shortage) {
    case Shortage::none:
      return Constraint::none;
    case Shortage::unknown:
      return Constraint::tier_unknown;
    case Shortage::inodes:
      return Constraint::inodes;
    case Shortage::bytes:
    case Shortage::paused:
      break;
  }
  return Constraint::bytes;
}

std::string_view group_name(Class group) {
  switch (group) {
    case Class::release:
      return "release";
    case Class::urgent:
      return "urgent";
    case Class::stage:
      return "stage";
    case Class::archive:
      return "archive";
    case Class::verify:
      break;
  }
  return "verify";
}

void Core::State::take(const TierSeen& input) {
  none_can_begin = false;
  tiers[input.tier].space.seen({input.free_bytes, input.free_inodes}, now);
}

// A task stands where its first job would.
Place Core::State::place_of(const Task& task) const {
  Place place;
  place.group = group_of(task);
  place.number = task.number;
  std::optional<Time> first;
  for (const Job* job : task.jobs) {
    if (job->state != JobState::waiting) continue;
    Time came = job->request->made;
    if (job->request->priority == Priority::low) came += settings.low_priority;
    if (first && *first <= came) continue;
    first = came;
    place.user = job->request->actor;
  }
  const Room left = missing(task);
  const bool begun = std::any_of(task.transfers.begin(), task.transfers.end(), [](const Transfer& transfer) {
    return transfer.state == TransferState::moved || transfer.state == TransferState::there;
  });
  place.bucket = begun ? 0 : 1;
  place.rank = begun ? static_cast<std::int64_t>(left.bytes) : nanoseconds(first.value_or(now));
  return place;
}

void Core::State::dequeue(Task& task) {
  if (!task.queued) return;
  auto& users = queue[task.queued->group];
  const auto user = users.find(task.queued->user);
  user->second.erase(*task.queued);
  if (user->second.empty()) users.erase(user);
  if (users.empty()) group_share.leave(std::string(group_name(task.queued->group)));
  const bool waits = std::any_of(queue.begin(), queue.end(),
                                 [&](const auto& group) { return group.second.contains(task.queued->user); });
  if (!waits) user_share.leave(task.queued->user);
  task.queued.reset();
  none_can_begin = false;  // what archives may hold up what releases
}

// Into its place, if there is something that a mover could do for it now.
void Core::State::enqueue(Task& task) {
  const bool waits = task.lease == 0 && std::any_of(task.jobs.begin(), task.jobs.end(), [](const Job* job) {
                       return job->state == JobState::waiting;
                     });
  if (!waits) return dequeue(task);
  Place place = place_of(task);
  task.needs = missing(task);
  none_can_begin = false;
  if (task.queued && *task.queued == place) return;
  dequeue(task);
  group_share.join(std::string(group_name(place.group)));
  user_share.join(place.user);
  queue[place.group][place.user].emplace(place, &task);
  task.queued = std::move(place);
}

unsigned Core::State::movers_of(const std::string& user) const {
  return static_cast<unsigned>(
      std::count_if(leases.begin(), leases.end(), [&](const auto& it) { return it.second.user == user; }));
}

unsigned Core::State::weight(const std::string& user) const {
  const auto it = settings.weights.find(user);
  return it == settings.weights.end() ? 1 : std::max(1U, it->second);
}

std::string Core::State::idle_mover() const {
  for (const auto& [name, mover] : movers) {
    if (mover.connected && mover.idle) return name;
  }
  return {};
}

void Core::State::schedule() {
  for (std::string mover = idle_mover(); !mover.empty(); mover = idle_mover()) {
    Task* task = favoured();
    if (task == nullptr) task = choose();
    if (task == nullptr) break;
    give(*task, mover);
  }
  if (idle_mover().empty()) {
    if (const Task* task = choose()) make_way(*task);
  }
  give_grants();
}

// For whom a mover was asked to give way, now that one is free.
Task* Core::State::favoured() {
  const auto it = tasks.find(std::exchange(way_made_for, 0));
  if (it == tasks.end() || !it->second->queued || blocked(*it->second, Detail::constraint)) return nullptr;
  return it->second.get();
}

// The first task that can begin now, and what it passes over for good reasons.
Task* Core::State::choose() {
  if (none_can_begin) return nullptr;
  std::vector<Class> order;
  for (const auto& [group, users] : queue) {
    if (!users.empty()) order.push_back(group);
  }
  std::stable_sort(order.begin(), order.end(), [this](Class a, Class b) {
    if (a == Class::release || b == Class::release) return a < b;
    return group_share.tag(group_name(a)) < group_share.tag(group_name(b));
  });
  std::set<std::string> full;  // tiers where nobody may overtake who has waited long for space
  for (const Class group : order) {
    std::vector<std::tuple<double, unsigned, std::string>> users;  // equal shares: who has fewer movers
    for (const auto& [user, tasks_of] : queue[group]) {
      users.emplace_back(user_share.tag(user), movers_of(user), user);
    }
    std::sort(users.begin(), users.end());
    for (const auto& [tag, working, user] : users) {
      for (const auto& [place, task] : queue[group][user]) {
        const auto block = blocked(*task, Detail::constraint);
        if (!block && (full.empty() || !full.contains(task->to) || room_for(*task) == Room{})) return task;
        if (!block) continue;
        if (block->constraint == Constraint::bytes || block->constraint == Constraint::inodes) {
          if (!task->short_of_space) task->short_of_space = now;
          const bool impatient = now - *task->short_of_space >= settings.space_patience;
          if (impatient && !full.contains(task->to)) full.insert(task->to);
        }
      }
      user_share.skip(user);
    }
    group_share.skip(std::string(group_name(group)));
  }
  none_can_begin = true;
  return nullptr;
}

std::optional<Block> Core::State::blocked(const Task& task, Detail detail) const {
  const Dataset& dataset = *task.home;
  if (dataset.lease != 0 && !PLANTED(3)) {
    if (detail == Detail::constraint) return Block{Constraint::dataset_busy, {}, {}, {}};
    const Lease& lease = leases.at(dataset.lease);
    return Block{Constraint::dataset_busy, {lease.job, lease.mover}, {}, {}};
  }
  for (const Tier* used : {task.source, task.target}) {
    if (used == nullptr || used->breaker.allows(task.dataset, now)) continue;
    const std::string& name = used == task.source ? task.from : task.to;
    return Block{Constraint::tier_resting, {name}, name, used->breaker.until()};
  }
  return task.action == Action::release ? blocked_release(task) : blocked_by_space(task, detail);
}

// What others are bringing in, or keep, is not dropped under them. A stage job without space of its own holds
// nothing up: it may be waiting for just this release.
std::optional<Block> Core::State::blocked_release(const Task& task) const {
  const Dataset& dataset = *task.home;
  for (const std::string& id : dataset.pins) {
    const PinRecord& pin = pins.at(id);
    if (pin.tier == task.from) return Block{Constraint::pinned, {id, pin.actor}, {}, pin.until};
  }
  for (const Task* other : dataset.tasks) {
    const bool stages =
        other->action == Action::stage && other->to == task.from && !other->reservation.empty();
    const bool archives = other->action == Action::archive && other->from == task.from && other->queued;
    if (stages || archives) return Block{Constraint::wanted, {other->jobs.front()->id}, {}, {}};
  }
  return std::nullopt;
}

// Bytes and inodes that it would write; none where its action writes nothing.
Room Core::State::room_for(const Task& task) const {
  if (task.action != Action::stage && task.action != Action::archive) return {};
  return task.queued ? task.needs : missing(task);
}

std::optional<Block> Core::State::blocked_by_space(const Task& task, Detail detail) const {
  Room room = room_for(task);
  if (task.target == nullptr || room == Room{}) return std::nullopt;
  const Space& space = task.target->space;
  if (!task.reservation.empty()) {
    const Room held = space.held(task.reservation).value_or(Room{});
    room.bytes -= std::min(room.bytes, held.bytes);
    room.inodes -= std::min(room.inodes, held.inodes);
  }
  // A tier that says it is full is let be, also by what has its space reserved.
  const Shortage shortage = space.paused_until(now) ? Shortage::paused : space.lacks(room, now);
  if (shortage == Shortage::none) return std::nullopt;
  if (detail == Detail::constraint) return Block{constraint_of(shortage), {}, {}, {}};
  Block block{constraint_of(shortage), {task.to}, task.to, space.paused_until(now)};
  const std::string largest = space.largest_holder();
  if (!largest.empty()) block.holders.push_back(largest);
  return block;
}

// All movers are busy. One gives way after the key at hand if `task` is of a higher class, or if another user
// would still have more movers for his weight than the user of `task` with one more, and has had more bytes;
// nobody gives his only one. What is nearly complete is finished.
void Core::State::make_way(const Task& task) {
  const auto behind = [this](const std::string& user, const std::string& other) {
    return movers_of(user) == 0 || user_share.tag(user) < user_share.tag(other);
  };
  for (const auto& [token, lease] : leases) {
    if (lease.state != LeaseState::given) return;  // one is coming already
  }
  const Place place = *task.queued;
  Lease* victim = nullptr;
  double most_left = 0;
  for (auto& [token, lease] : leases) {
    if (lease.task == nullptr || lease.recovered || lease.group == Class::release || lease.given == now)
      continue;
    const bool higher = place.group < lease.group && place.group <= Class::urgent;
    const bool fairer =
        place.group <= lease.group && lease.user != place.user && behind(place.user, lease.user) &&
        movers_of(lease.user) > 1 &&
        movers_of(lease.user) * weight(place.user) > (movers_of(place.user) + 1) * weight(lease.user);
    const double left = static_cast<double>(missing(*lease.task).bytes);
    double all = 0;
    for (const Transfer& transfer : lease.task->transfers)
      all += static_cast<double>(transfer.bytes);
    if ((!higher && !fairer) || left * kNearlyComplete <= all || left <= most_left) continue;
    victim = &lease;
    most_left = left;
  }
  if (victim == nullptr) return;
  victim->gives_way_to = task.number;
  stop_lease(*victim, LeaseHappening::yield);
}

}  // namespace microstage::core
