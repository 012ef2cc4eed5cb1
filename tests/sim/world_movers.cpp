// Movers: they take leases, work on one section at a time, look, and give back; they die, hang, outlive the
// daemon, and come back with tokens long dead.

#include <algorithm>

#include "tests/sim/world.h"

namespace microstage::sim {

using namespace std::chrono_literals;

void World::connect(std::uint32_t mover) {
  Mover& it = movers_[mover];
  if (it.connected || it.state == Mover::State::hanging) return;
  if (!up_) return queue_.after(random_.between(1, 10) * 1s, What::mover_connect, mover, it.deaths);
  it.connected = true;
  if (it.state == Mover::State::away) {
    it.state = Mover::State::idle;
    it.born = queue_.now();
  }
  if (it.state == Mover::State::idle) return say_idle(mover);
  send(core::Heartbeat{it.name, it.token});
  tell_of_transfers(mover);
}

void World::say_idle(std::uint32_t mover) {
  Mover& it = movers_[mover];
  if (it.state != Mover::State::idle) return;
  ++it.epoch;  // one appointment at a time
  if (it.connected) send(core::MoverIdle{it.name, "host", it.token});
  queue_.after(60s, What::mover_idle, mover, it.epoch);
}

void World::beat(std::uint32_t mover) {
  const Mover& it = movers_[mover];
  if (it.state != Mover::State::working) return;
  if (it.connected) send(core::Heartbeat{it.name, it.token});
  queue_.after(15s, What::mover_beat, mover, it.epoch);
}

template <class Order>
void World::order(const Order& order, core::Time sent) {
  const auto found =
      std::find_if(movers_.begin(), movers_.end(), [&](const Mover& one) { return one.name == order.mover; });
  if (found == movers_.end() || found->state == Mover::State::away || sent < found->born) return;
  if (found->state == Mover::State::hanging) {
    found->inbox.emplace_back(order);
    return;
  }
  obey(static_cast<std::uint32_t>(found - movers_.begin()), order);
}
template void World::order(const core::GiveLease&, core::Time);
template void World::order(const core::EndLease&, core::Time);
template void World::order(const core::Fence&, core::Time);

std::optional<Error> World::trouble_at_start(const core::GiveLease& lease, std::uint32_t mover) {
  const Section& section = physical_.sections[movers_[mover].section];
  if (section.lock != -1 && section.lock != static_cast<int>(mover))
    return Error{ErrorKind::transient, "another mover has the clone", 0};
  for (const std::string& tier : {lease.from, lease.to}) {
    const Place place = place_named(tier);
    if (place < 2 && physical_.tiers.at(place).sick && random_.of_thousand(500))
      return Error{ErrorKind::mount_sick, "the tier is unwell", 0};
  }
  if (section.forbidden) return Error{ErrorKind::permission, "the dataset may not be read", 0};
  return std::nullopt;
}

void World::obey(std::uint32_t mover, const core::GiveLease& lease) {
  Mover& it = movers_[mover];
  if (lease.token <= it.token) return;  // again, or overtaken
  if (it.state == Mover::State::working) {
    abandon(mover, true);
    leave_lease(mover);
  }
  it.token = lease.token;
  it.state = Mover::State::working;
  ++it.epoch;
  it.action = lease.action;
  it.section = Physical::section_of(lease.dataset);
  it.from = place_named(lease.action == core::Action::verify ? lease.to : lease.from);
  it.to = place_named(lease.to);
  it.move.clear();
  it.look.clear();
  for (const std::string& key : lease.move)
    it.move.push_back(Physical::key_of(key));
  for (const std::string& key : lease.look)
    it.look.push_back(Physical::key_of(key));
  it.next = 0;
  it.moving = 0;
  it.ending = false;
  it.failed.clear();
  it.seen.clear();
  if (auto error = trouble_at_start(lease, mover)) return give_back(mover, std::move(error));
  physical_.sections[it.section].lock = static_cast<int>(mover);
  queue_.after(15s, What::mover_beat, mover, it.epoch);
  queue_.after(random_.between(10, 500) * 1ms, What::mover_work, mover, it.epoch);
}

void World::obey(std::uint32_t mover, const core::EndLease& end) {
  Mover& it = movers_[mover];
  if (it.state != Mover::State::working || it.token != end.token) return;
  it.ending = true;
  if (end.at_once) abandon(mover, true);
  work(mover);
}

void World::obey(std::uint32_t mover, const core::Fence& fence) {
  Mover& it = movers_[mover];
  if (it.state != Mover::State::working || it.token != fence.token) return;
  abandon(mover, false);
  leave_lease(mover);
}

core::Duration World::drop_or_verify(Mover& mover, std::uint32_t key) {
  const Section& section = physical_.sections[mover.section];
  const auto fail = [&](ErrorKind kind) {
    mover.failed.push_back({section.keys[key], {kind, "it did not work", 0}, {}});
  };
  if (mover.action == core::Action::release) {
    if (physical_.there(mover.section, key, mover.from)) {
      if (physical_.good(mover.section, key, kStore)) {
        physical_.drop(mover.section, key, mover.from);
      } else {
        fail(physical_.there(mover.section, key, kStore) ? ErrorKind::integrity : ErrorKind::not_found);
      }
    }
    return 100ms;
  }
  if (physical_.good(mover.section, key, mover.from)) {
    mover.seen.push_back(key);
  } else {
    fail(physical_.there(mover.section, key, mover.from) ? ErrorKind::integrity : ErrorKind::not_found);
  }
  return section.bytes[key] * 1ns;
}

void World::work(std::uint32_t mover) {
  Mover& it = movers_[mover];
  if (it.state != Mover::State::working) return;
  if (it.action == core::Action::release || it.action == core::Action::verify) {
    if (it.ending || it.next == it.move.size()) return give_back(mover, std::nullopt);
    return queue_.after(drop_or_verify(it, it.move[it.next++]), What::mover_work, mover, it.epoch);
  }
  while (!it.ending && it.next < it.move.size() && it.moving < it.slots) {
    const std::uint32_t key = it.move[it.next++];
    if (physical_.good(it.section, key, it.to)) continue;
    ++it.moving;
    Transfer transfer;
    transfer.mover = static_cast<int>(mover);
    transfer.token = it.token;
    transfer.section = it.section;
    transfer.key = key;
    transfer.from = it.from;
    transfer.to = it.to;
    ask(new_transfer(std::move(transfer)));
  }
  if (it.moving == 0 && (it.ending || it.next == it.move.size())) give_back(mover, std::nullopt);
}

std::vector<core::SeenKey> World::look(const Mover& mover) const {
  const Section& section = physical_.sections[mover.section];
  std::vector<core::SeenKey> there;
  const auto see = [&](std::uint32_t key) {
    const bool right = mover.action == core::Action::release
                           ? !physical_.there(mover.section, key, mover.from)
                           : physical_.good(mover.section, key, mover.to);
    if (right) there.push_back({section.keys[key], "1:2:3:4:5", {}});
  };
  if (mover.action == core::Action::verify) {
    for (const std::uint32_t key : mover.seen)
      there.push_back({section.keys[key], "1:2:3:4:5", {}});
    for (const std::uint32_t key : mover.look)
      see(key);
    return there;
  }
  for (const std::uint32_t key : mover.move)
    see(key);
  for (const std::uint32_t key : mover.look)
    see(key);
  return there;
}

void World::give_back(std::uint32_t mover, std::optional<Error> error) {
  Mover& it = movers_[mover];
  core::GiveBack back{
      it.name,          it.token, error ? std::vector<core::SeenKey>{} : look(it), std::move(it.failed),
      std::move(error), {}};
  if (it.connected) send(std::move(back));
  leave_lease(mover);
}

void World::leave_lease(std::uint32_t mover) {
  Mover& it = movers_[mover];
  int& lock = physical_.sections[it.section].lock;
  if (lock == static_cast<int>(mover)) lock = -1;
  it.state = Mover::State::idle;
  it.failed.clear();
  ++it.epoch;
  queue_.after(random_.between(2, 200) * 1ms, What::mover_idle, mover, it.epoch);
}

void World::abandon(std::uint32_t mover, bool tell) {
  for (std::uint32_t slot = 0; slot < transfers_.size(); ++slot) {
    if (transfers_[slot].state != Transfer::State::free && transfers_[slot].mover == static_cast<int>(mover))
      stop(slot, tell);
  }
  movers_[mover].moving = 0;
}

void World::die(std::uint32_t mover) {
  Mover& it = movers_[mover];
  if (it.state == Mover::State::away) return;
  tell("== the mover " + it.name + " dies");
  abandon(mover, false);
  if (it.state == Mover::State::working || it.was_working) leave_lease(mover);
  if (it.connected) send(core::MoverGone{it.name});
  it.connected = false;
  it.state = Mover::State::away;
  it.was_working = false;
  it.inbox.clear();
  ++it.epoch;
  ++it.deaths;
  it.token = 0;
  queue_.after(random_.between(1, 180) * 1s, What::mover_connect, mover, it.deaths);
}

void World::hang(std::uint32_t mover) {
  Mover& it = movers_[mover];
  if (it.state == Mover::State::away || it.state == Mover::State::hanging) return;
  tell("== the mover " + it.name + " hangs");
  it.was_working = it.state == Mover::State::working;
  it.state = Mover::State::hanging;
  ++it.epoch;
  freeze_transfers(mover);
  queue_.after(random_.between(5, 600) * 1s, What::mover_wake, mover, it.epoch);
}

void World::wake(std::uint32_t mover) {
  Mover& it = movers_[mover];
  tell("== the mover " + it.name + " goes on");
  it.state = it.was_working ? Mover::State::working : Mover::State::idle;
  it.was_working = false;
  ++it.epoch;
  std::vector<core::Effect> inbox;
  inbox.swap(it.inbox);
  go_on_with_transfers(mover);
  if (!it.connected) {
    connect(mover);
  } else if (it.state == Mover::State::idle) {
    say_idle(mover);
  }
  if (it.state == Mover::State::working) {
    beat(mover);
    queue_.after(10ms, What::mover_work, mover, it.epoch);
  }
  for (core::Effect& effect : inbox)
    perform({std::move(effect), life_, queue_.now()});
}

}  // namespace microstage::sim
