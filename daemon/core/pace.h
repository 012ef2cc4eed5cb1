#pragma once
// How much a tier bears: transfers at once, and bytes a second as a leaky bucket (the generic cell rate
// algorithm of ITU-T I.371): over any time, the bytes let through are at most rate x time + burst + one
// transfer.
//
// Threads: one at a time.

#include <cstdint>

#include "daemon/core/settings.h"

namespace microstage::core {

class Pace {
 public:
  [[nodiscard]] bool has_place(const TierLimits& limits) const { return active_ < limits.transfers; }
  // When the next transfer may begin, as far as bytes a second go.
  [[nodiscard]] Time ready_at(const TierLimits& limits) const;

  void begin(const TierLimits& limits, std::uint64_t bytes, Time now);
  void end() { active_ -= 1; }

  [[nodiscard]] unsigned active() const { return active_; }

 private:
  unsigned active_ = 0;
  Time paid_until_{};  // when the bytes let through so far have passed at the given rate
};

}  // namespace microstage::core
