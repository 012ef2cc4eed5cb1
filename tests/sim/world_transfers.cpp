// Transfers as remotes make them: ask, wait, move, report. They go on when the daemon is away.

#include "tests/sim/world.h"

namespace microstage::sim {

using namespace std::chrono_literals;

std::uint32_t World::new_transfer(Transfer transfer) {
  std::uint32_t slot = 0;
  if (free_transfers_.empty()) {
    slot = static_cast<std::uint32_t>(transfers_.size());
    transfers_.emplace_back();
  } else {
    slot = free_transfers_.back();
    free_transfers_.pop_back();
  }
  transfer.epoch = transfers_[slot].epoch + 1;
  transfers_[slot] = std::move(transfer);
  return slot;
}

void World::free_transfer(std::uint32_t slot) {
  Transfer& it = transfers_[slot];
  grant_slots_.erase(it.grant);
  it.state = Transfer::State::free;
  it.grant = 0;
  ++it.epoch;
  free_transfers_.push_back(slot);
}

bool World::in_touch(const Transfer& transfer) const {
  return up_ && (transfer.mover < 0 || movers_[static_cast<std::size_t>(transfer.mover)].connected);
}

void World::send_ask(std::uint32_t slot, bool moving) {
  const Transfer& it = transfers_[slot];
  const Section& section = physical_.sections[it.section];
  core::AskGrant ask;
  ask.grant = it.grant;
  ask.token = it.token;
  ask.actor = it.mover >= 0 ? "service" : "u" + std::to_string(it.person);
  ask.dataset = section.name;
  ask.key = section.keys[it.key];
  ask.bytes = section.bytes[it.key];
  ask.from = kPlaceNames.at(it.from);
  ask.to = kPlaceNames.at(it.to);
  if (it.mover < 0) ask.until = it.started + 10min;
  ask.moving = moving;
  send(std::move(ask));
}

void World::ask(std::uint32_t slot) {
  Transfer& it = transfers_[slot];
  if (!in_touch(it)) return start(slot);
  it.state = Transfer::State::asking;
  it.grant = ++last_grant_;
  it.started = queue_.now();
  grant_slots_[it.grant] = slot;
  send_ask(slot, false);
  queue_.after(60s, What::transfer_ask, slot, it.epoch);
  if (it.mover < 0) queue_.after(10min, What::transfer_until, slot, it.epoch);
}

void World::ask_again(std::uint32_t slot) {
  const Transfer& it = transfers_[slot];
  if (it.state != Transfer::State::asking) return;
  if (in_touch(it)) send_ask(slot, false);
  queue_.after(60s, What::transfer_ask, slot, it.epoch);
}

void World::granted(const core::Grant& grant) {
  const auto found = grant_slots_.find(grant.grant);
  if (found == grant_slots_.end() || transfers_[found->second].state != Transfer::State::asking) return;
  const Transfer& it = transfers_[found->second];
  if (it.mover >= 0 && movers_[static_cast<std::size_t>(it.mover)].state == Mover::State::hanging) return;
  start(found->second);
}

void World::refused(const core::RefuseGrant& refusal) {
  const auto found = grant_slots_.find(refusal.grant);
  if (found == grant_slots_.end()) return;
  const Transfer& it = transfers_[found->second];
  if (it.mover >= 0 && movers_[static_cast<std::size_t>(it.mover)].state == Mover::State::hanging) return;
  finished(found->second, refusal.error);
}

core::Duration World::duration(const Transfer& transfer) {
  const std::uint64_t bytes = physical_.sections[transfer.section].bytes[transfer.key];
  core::Duration time{static_cast<std::int64_t>(bytes) * random_.between(80, 130) / 100};  // about 1 GB/s
  for (const Place place : {transfer.from, transfer.to})
    if (place < 2 && physical_.tiers.at(place).slow) time *= 5;
  return time;
}

void World::start(std::uint32_t slot) {
  Transfer& it = transfers_[slot];
  it.state = Transfer::State::moving;
  it.started = queue_.now();
  ++it.epoch;
  queue_.after(duration(it), What::transfer_end, slot, it.epoch);
  queue_.after(30s, What::transfer_beat, slot, it.epoch);
}

void World::transfer_beat(std::uint32_t slot) {
  const Transfer& it = transfers_[slot];
  if (it.grant != 0 && in_touch(it)) send(core::GrantProgress{it.grant, 1});
  queue_.after(30s, What::transfer_beat, slot, it.epoch);
}

// Who waited long enough leaves.
void World::transfer_until(std::uint32_t slot) {
  if (transfers_[slot].state != Transfer::State::asking) return;
  if (in_touch(transfers_[slot])) send(core::GrantGone{transfers_[slot].grant});
  finished(slot, Error{ErrorKind::transient, "waited long enough", 0});
}

std::optional<Error> World::no_room(const Transfer& transfer) {
  if (transfer.to >= 2) return std::nullopt;
  const Tier& tier = physical_.tiers.at(transfer.to);
  if (tier.free_bytes() < physical_.sections[transfer.section].bytes[transfer.key])
    return Error{ErrorKind::space_bytes, "no room", 28};
  if (tier.free_inodes() == 0) return Error{ErrorKind::space_inodes, "no inodes", 28};
  if (chance(Trouble::space, 8)) return Error{ErrorKind::space_quota, "quota", 122};
  return std::nullopt;
}

std::optional<Error> World::outcome(const Transfer& transfer) {
  const auto failed = [](ErrorKind kind) { return Error{kind, "the transfer failed", 0}; };
  bool failing = false;
  for (const Place place : {transfer.from, transfer.to}) {
    if (place >= 2) continue;
    if (physical_.tiers.at(place).sick) return failed(ErrorKind::mount_sick);
    failing |= physical_.tiers.at(place).failing;
  }
  if (failing && random_.of_thousand(500)) return failed(ErrorKind::transient);
  if (physical_.sections[transfer.section].forbidden) return failed(ErrorKind::permission);
  if (!physical_.there(transfer.section, transfer.key, transfer.from)) return failed(ErrorKind::not_found);
  if (!physical_.good(transfer.section, transfer.key, transfer.from)) return failed(ErrorKind::integrity);
  if (chance(Trouble::durability, 8)) return failed(ErrorKind::durability);
  if (chance(Trouble::source, 8)) return failed(ErrorKind::source_changed);
  if (chance(Trouble::transient, 10)) return failed(ErrorKind::transient);
  return no_room(transfer);
}

void World::transfer_end(std::uint32_t slot) {
  const Transfer& it = transfers_[slot];
  auto error = outcome(it);
  if (!error && it.mover >= 0) physical_.put(it.section, it.key, it.to);
  if (it.grant != 0 && in_touch(it)) {
    core::EndGrant end;
    end.grant = it.grant;
    end.bytes = physical_.sections[it.section].bytes[it.key];
    end.duration = queue_.now() - it.started;
    if (!error) end.report.verified = "hash";
    end.report.host = "host";
    end.error = error;
    send(std::move(end));
  }
  finished(slot, std::move(error));
}

void World::finished(std::uint32_t slot, std::optional<Error> error) {
  Transfer it = std::move(transfers_[slot]);
  transfers_[slot].epoch = it.epoch;
  transfers_[slot].grant = it.grant;
  free_transfer(slot);
  if (it.mover < 0) return get_next(it.person, it.section, std::move(it.rest));
  const auto mover = static_cast<std::uint32_t>(it.mover);
  if (error)
    movers_[mover].failed.push_back({physical_.sections[it.section].keys[it.key], std::move(*error), {}});
  --movers_[mover].moving;
  work(mover);
}

void World::stop(std::uint32_t slot, bool tell) {
  const Transfer& it = transfers_[slot];
  if (it.grant != 0 && in_touch(it)) {
    if (tell) {
      send(core::EndGrant{it.grant, 0, {}, Error{ErrorKind::cancelled, "asked to stop", 0}, {}, {}});
    } else {
      send(core::GrantGone{it.grant});
    }
  }
  free_transfer(slot);
}

// The daemon is gone: who waited for it goes on without.
void World::disconnect_transfers() {
  grant_slots_.clear();
  for (std::uint32_t slot = 0; slot < transfers_.size(); ++slot) {
    Transfer& it = transfers_[slot];
    it.grant = 0;
    const bool hangs =
        it.mover >= 0 && movers_[static_cast<std::size_t>(it.mover)].state == Mover::State::hanging;
    if (it.state == Transfer::State::asking && !hangs) start(slot);
  }
}

void World::freeze_transfers(std::uint32_t mover) {
  for (Transfer& it : transfers_)
    if (it.state != Transfer::State::free && it.mover == static_cast<int>(mover)) ++it.epoch;
}

void World::go_on_with_transfers(std::uint32_t mover) {
  for (std::uint32_t slot = 0; slot < transfers_.size(); ++slot) {
    const Transfer& it = transfers_[slot];
    if (it.mover != static_cast<int>(mover)) continue;
    if (it.state == Transfer::State::asking && it.grant != 0)
      queue_.after(10ms, What::transfer_ask, slot, it.epoch);
    if (it.state == Transfer::State::moving || (it.state == Transfer::State::asking && it.grant == 0))
      start(slot);
  }
}

// The daemon is back: it hears what moves already.
void World::tell_of_transfers(std::uint32_t mover) {
  for (std::uint32_t slot = 0; slot < transfers_.size(); ++slot) {
    Transfer& it = transfers_[slot];
    if (it.state != Transfer::State::moving || it.mover != static_cast<int>(mover) || it.grant != 0) continue;
    it.grant = ++last_grant_;
    grant_slots_[it.grant] = slot;
    send_ask(slot, true);
  }
}

}  // namespace microstage::sim
