#include "daemon/core/space.h"

#include <algorithm>

namespace microstage::core {
namespace {

std::uint64_t less(std::uint64_t value, std::uint64_t taken) {
  return value > taken ? value - taken : 0;
}

Room less(const Room& room, const Room& taken) {
  return {less(room.bytes, taken.bytes), less(room.inodes, taken.inodes)};
}

void add(Room& room, const Room& more) {
  room.bytes += more.bytes;
  room.inodes += more.inodes;
}

}  // namespace

void Space::seen(const Room& free, Time now) {
  const bool more = !free_ || free.bytes > available().bytes + promised_.bytes ||
                    free.inodes > available().inodes + promised_.inodes;
  free_ = free;
  written_ = {};
  if (more && paused_until_ > now) paused_until_ = now;  // something was freed: worth a try
}

Room Space::available() const {
  return less(less(free_.value_or(Room{}), written_), promised_);
}

Shortage Space::lacks(const Room& room, Time now) const {
  if (room == Room{}) return Shortage::none;
  if (!free_) return Shortage::unknown;
  if (now < paused_until_) return Shortage::paused;
  const Room there = available();
  if (room.bytes > there.bytes) return Shortage::bytes;
  return room.inodes > there.inodes ? Shortage::inodes : Shortage::none;
}

void Space::reserve(const std::string& holder, const Room& room) {
  release(holder);
  holders_[holder] = room;
  add(promised_, room);
}

void Space::written(const std::string& holder, const Room& room) {
  add(written_, room);
  const auto it = holders_.find(holder);
  if (it == holders_.end()) return;
  const Room left = less(it->second, room);
  promised_ = less(promised_, less(it->second, left));
  it->second = left;
}

void Space::release(const std::string& holder) {
  const auto it = holders_.find(holder);
  if (it == holders_.end()) return;
  promised_ = less(promised_, it->second);
  holders_.erase(it);
}

std::optional<Room> Space::held(const std::string& holder) const {
  const auto it = holders_.find(holder);
  return it == holders_.end() ? std::nullopt : std::optional(it->second);
}

void Space::pause(ErrorKind kind, Time until) {
  pause_kind_ = kind;
  paused_until_ = std::max(paused_until_, until);
}

std::optional<Time> Space::paused_until(Time now) const {
  return now < paused_until_ ? std::optional(paused_until_) : std::nullopt;
}

std::string Space::largest_holder() const {
  const auto it = std::max_element(holders_.begin(), holders_.end(), [](const auto& a, const auto& b) {
    return a.second.bytes < b.second.bytes;
  });
  return it == holders_.end() ? std::string() : it->first;
}

}  // namespace microstage::core
