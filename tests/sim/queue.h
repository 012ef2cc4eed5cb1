#pragma once
// What will happen when: the clock of a simulated world.
//
// Threads: one at a time.

#include <cstdint>
#include <queue>
#include <vector>

#include "daemon/core/time.h"

namespace microstage::sim {

enum class What : std::uint8_t {
  to_core,   // a message reaches the daemon; `a`: its slot
  to_actor,  // an effect reaches who it is for; `a`: its slot
  commit,    // the ledger has what was decided so far; `b`: the daemon's life
  tick,      // `b`: number of the appointment
  daemon_up,
  tiers_seen,     // the daemon looks at the tiers
  mover_connect,  // movers: `a`, and `b`, the mover's epoch: what was planned in an earlier one is void
  mover_beat,
  mover_idle,
  mover_work,
  mover_wake,
  transfer_end,  // transfers: `a`, and `b`, its epoch
  transfer_beat,
  transfer_ask,
  transfer_until,
  person,        // a person does something
  submit_again,  // `a`: slot of a request that may not have been recorded
  incident,
  heal,  // `a`: what is healed
  mend,  // when the troubles are over: a data manager looks for parked jobs
};

struct Happening {
  std::int64_t time = 0;
  std::uint64_t order = 0;
  What what{};
  std::uint32_t a = 0;
  std::uint64_t b = 0;
};

class Queue {
 public:
  [[nodiscard]] core::Time now() const { return core::from_nanoseconds(now_); }
  [[nodiscard]] bool empty() const { return heap_.empty(); }

  void at(core::Time time, What what, std::uint32_t a = 0, std::uint64_t b = 0) {
    const std::int64_t when = core::nanoseconds(time);
    heap_.push({when < now_ ? now_ : when, ++order_, what, a, b});
  }
  void after(core::Duration delay, What what, std::uint32_t a = 0, std::uint64_t b = 0) {
    at(now() + delay, what, a, b);
  }
  // The next, and the clock goes there.
  Happening next() {
    const Happening happening = heap_.top();
    heap_.pop();
    now_ = happening.time;
    return happening;
  }

 private:
  struct Later {
    bool operator()(const Happening& one, const Happening& other) const {
      return one.time != other.time ? one.time > other.time : one.order > other.order;
    }
  };
  std::priority_queue<Happening, std::vector<Happening>, Later> heap_;
  std::int64_t now_ = 1'800'000'000'000'000'000;  // some day
  std::uint64_t order_ = 0;
};

// Things with a number that is used again when they are gone.
template <class Thing>
class Slots {
 public:
  std::uint32_t put(Thing thing) {
    if (free_.empty()) {
      things_.push_back(std::move(thing));
      return static_cast<std::uint32_t>(things_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    things_[slot] = std::move(thing);
    return slot;
  }
  [[nodiscard]] Thing& operator[](std::uint32_t slot) { return things_[slot]; }
  Thing take(std::uint32_t slot) {
    free_.push_back(slot);
    return std::move(things_[slot]);
  }

 private:
  std::vector<Thing> things_;
  std::vector<std::uint32_t> free_;
};

}  // namespace microstage::sim
