// Grants: which remote may move its key now. They live as long as the connection that asked.

#include <algorithm>
#include <vector>

#include "daemon/core/core_state.h"
#include "daemon/core/planted.h"

namespace microstage::core {
namespace {

Timer silence_of(std::uint64_t grant) {
  return {TimerKind::grant, std::to_string(grant)};
}
Timer patience_of(std::uint64_t grant) {
  return {TimerKind::grant_wait, std::to_string(grant)};
}

}  // namespace

std::string place_of_key(const std::string& dataset, const std::string& key, const std::string& to) {
  std::string place;
  place.reserve(dataset.size() + key.size() + to.size() + 2);
  return place.append(dataset).append("\n").append(key).append("\n").append(to);
}

Lease* Core::State::lease_of(const AskGrant& ask) {
  const auto it = leases.find(ask.token);
  return it != leases.end() && it->second.dataset == ask.dataset ? &it->second : nullptr;
}

void Core::State::take(const AskGrant& input) {
  if (const auto known = grants.find(input.grant); known != grants.end()) {
    if (known->second.state == GrantState::granted) step.effects.emplace_back(Grant{input.grant});
    return;
  }
  const Lease* lease = input.token != 0 ? lease_of(input) : nullptr;
  const auto refuse_it = [&](ErrorKind kind, const char* text) {
    step.effects.emplace_back(RefuseGrant{input.grant, {kind, text}});
  };
  if (input.token != 0 && lease == nullptr) {
    return refuse_it(ErrorKind::stale_lease, "the lease of this mover has ended: it must stop");
  }
  if (lease != nullptr && lease->state != LeaseState::given && !input.moving) {
    return refuse_it(ErrorKind::cancelled, "the mover is to stop before the next key");
  }
  GrantRecord& grant = grants[input.grant];
  grant.ask = input;
  grant.group = lease != nullptr ? lease->group : Class::stage;
  grant.user = lease != nullptr ? lease->user : input.actor;
  if (input.moving && !moving.contains(place_of_key(input.dataset, input.key, input.to))) {
    grant.adopted = true;
    return begin(grant);
  }
  grant_share.join(grant.user);
  if (input.until) timers.set(patience_of(input.grant), *input.until);
}

void Core::State::begin(GrantRecord& grant) {
  const AskGrant& ask = grant.ask;
  grant.state = *grant_table().next(grant.state, GrantHappening::grant);
  timers.clear(patience_of(ask.grant));
  timers.set(silence_of(ask.grant), now + settings.grant_timeout);
  moving.emplace(place_of_key(ask.dataset, ask.key, ask.to), ask.grant);
  for (const std::string& name : {ask.from, ask.to}) {
    Tier* it = tier(name);
    if (it == nullptr) continue;
    it->pace.begin(limits(name), ask.bytes, now);
    try_tier(name, ask.dataset);
  }
  grant_share.serve(grant.user, static_cast<double>(ask.bytes));
  const Lease* lease = lease_of(ask);
  if (lease == nullptr) {
    if (Tier* target = tier(ask.to)) {
      target->space.reserve("grant " + std::to_string(ask.grant), {ask.bytes, 1});
      grant.reserves = true;
    }
  } else if (lease->task != nullptr) {
    const auto place = lease->task->places.find(ask.key);
    if (place != lease->task->places.end()) {
      advance(lease->task->transfers[place->second], TransferHappening::start);
    }
  }
  step.effects.emplace_back(Grant{ask.grant});
}

void Core::State::take(const GrantProgress& input) {
  const auto it = grants.find(input.grant);
  if (it == grants.end() || it->second.state != GrantState::granted) return;
  it->second.bytes = std::max(it->second.bytes, input.bytes);
  timers.set(silence_of(input.grant), now + settings.grant_timeout);
}

// However it ended: its place is free.
void Core::State::end(std::uint64_t id) {
  const auto it = grants.find(id);
  if (it == grants.end()) return;
  const AskGrant ask = it->second.ask;
  const std::string user = it->second.user;
  timers.clear(silence_of(id));
  timers.clear(patience_of(id));
  if (it->second.state == GrantState::granted) {
    moving.erase(place_of_key(ask.dataset, ask.key, ask.to));
    for (const std::string& name : {ask.from, ask.to}) {
      if (Tier* used = tier(name)) used->pace.end();
    }
    if (it->second.reserves) {
      tiers[ask.to].space.release("grant " + std::to_string(id));
      none_can_begin = false;
    }
  }
  grants.erase(it);
  const bool waits = std::any_of(grants.begin(), grants.end(), [&](const auto& other) {
    return other.second.state == GrantState::waiting && other.second.user == user;
  });
  if (!waits) grant_share.leave(user);
}

void Core::State::take(const GrantGone& input) {
  const auto it = grants.find(input.grant);
  if (it == grants.end()) return;
  const AskGrant ask = it->second.ask;
  const bool granted = it->second.state == GrantState::granted;
  end(input.grant);
  const Lease* lease = lease_of(ask);
  if (!granted || lease == nullptr || lease->task == nullptr) return;
  const auto place = lease->task->places.find(ask.key);
  if (place != lease->task->places.end()) {
    advance(lease->task->transfers[place->second], TransferHappening::stop);
  }
}

void Core::State::take(const EndGrant& input) {
  const auto it = grants.find(input.grant);
  if (it == grants.end()) return;
  const AskGrant ask = it->second.ask;
  Lease* lease = ask.token != 0 ? lease_of(ask) : nullptr;
  const bool cancelled = input.error && input.error->kind == ErrorKind::cancelled;

  if (!cancelled) {
    const auto type = input.error ? ledger::EventType::transfer_failed : ledger::EventType::transfer_finished;
    ledger::Event& event = step.events.emplace_back(input.report);
    event.type = type;
    event.time = nanoseconds(now);
    event.dataset = ask.dataset;
    event.key = ask.key;
    event.from = ask.from;
    event.to = ask.to;
    event.actor = ask.actor;
    event.bytes = input.bytes;
    event.duration = static_cast<std::uint64_t>(std::max<Duration>(Duration{}, input.duration).count());
    event.basis = lease != nullptr ? "proof" : "claim";
    if (ask.token != 0) event.token = ask.token;
    if (lease != nullptr) {
      event.request = lease->request;
      event.job = lease->job;
    }
    if (input.error) {
      event.result = name(input.error->kind);
      event.error = input.error->message;
    } else if (event.verified.empty()) {
      event.verified = "none";
    }
  }
  Task* task = lease != nullptr ? lease->task : nullptr;
  if (!input.error) rates.learn(input.bytes, input.duration);
  if (Tier* target = tier(ask.to); target != nullptr && !input.error) {
    const std::string holder = it->second.reserves ? "grant " + std::to_string(input.grant)
                               : task != nullptr   ? task->reservation
                                                   : std::string();
    target->space.written(holder, {ask.bytes, 1});
  }
  end(input.grant);
  if (task == nullptr) return;
  const auto place = task->places.find(ask.key);
  if (place == task->places.end()) return;
  Transfer& transfer = task->transfers[place->second];
  if (input.error) {
    blame(*task, *input.error, input.tier);
    fail(transfer, *input.error);
    // Going on would only fail again: the mover is of more use elsewhere.
    if (is_space(input.error->kind)) stop_lease(*lease, LeaseHappening::yield);
    return;
  }
  worked(*task);
  if (!advance(transfer, TransferHappening::arrive)) return;
  lease->moved += static_cast<double>(transfer.bytes);
}

// What still waits under a lease that has ended must not be granted any more; what moves ends by itself.
void Core::State::refuse_waiting(std::uint64_t token) {
  std::vector<std::uint64_t> waiting;
  for (const auto& [id, grant] : grants) {
    if (grant.ask.token == token && grant.state == GrantState::waiting) waiting.push_back(id);
  }
  for (const std::uint64_t id : waiting) {
    const Error error{ErrorKind::stale_lease, "the lease of this mover has ended: it must stop"};
    step.effects.emplace_back(RefuseGrant{id, error});
    end(id);
  }
}

std::optional<Block> Core::State::blocked(const GrantRecord& grant) const {
  const AskGrant& ask = grant.ask;
  const auto same = moving.find(place_of_key(ask.dataset, ask.key, ask.to));
  if (same != moving.end() && !PLANTED(7)) {
    return Block{Constraint::same_key, {"grant " + std::to_string(same->second)}, {}, {}};
  }
  for (const std::string& name : {ask.from, ask.to}) {
    const auto it = tiers.find(name);
    if (name.empty() || it == tiers.end()) continue;
    const Tier& used = it->second;
    if (!used.breaker.allows(ask.dataset, now)) {
      return Block{Constraint::tier_resting, {name}, name, used.breaker.until()};
    }
    if (!used.pace.has_place(limits(name)) && !(PLANTED(5) && used.pace.active() == limits(name).transfers))
      return Block{Constraint::transfers, {name}, name, {}};
    const Time ready = used.pace.ready_at(limits(name));
    if (ready > now) return Block{Constraint::bandwidth, {name}, name, ready};
  }
  const auto target = tiers.find(ask.to);
  if (ask.token != 0 || ask.to.empty() || target == tiers.end()) return std::nullopt;
  const Shortage shortage = target->second.space.lacks({ask.bytes, 1}, now);
  if (shortage == Shortage::none) return std::nullopt;
  return Block{constraint_of(shortage), {ask.to}, ask.to, target->second.space.paused_until(now)};
}

// By class, then fair share, then in the order they came.
void Core::State::give_grants() {
  using Turn = std::tuple<Class, double, std::uint64_t>;
  while (true) {
    GrantRecord* best = nullptr;
    Turn best_turn;
    for (auto& [id, grant] : grants) {
      if (grant.state != GrantState::waiting) continue;
      const Turn turn{grant.group, grant_share.tag(grant.user), id};
      if (best != nullptr && best_turn <= turn) continue;
      const auto block = blocked(grant);
      if (!block) {
        best = &grant;
        best_turn = turn;
      } else if (block->until && !block->tier.empty()) {
        timers.set({TimerKind::pace, block->tier}, *block->until);
      }
    }
    if (best == nullptr) return;
    begin(*best);
  }
}

}  // namespace microstage::core
