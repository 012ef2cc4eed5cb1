#pragma once
// How fast transfers have been lately, and how much they differed: what estimates are made of.
//
// Threads: one at a time.

#include <cstdint>
#include <optional>

#include "daemon/core/wait.h"

namespace microstage::core {

class Rates {
 public:
  // A transfer of `bytes` took `duration`.
  void learn(std::uint64_t bytes, Duration duration);

  // How long `bytes` should take when they move as `streams` transfers side by side. Nothing as long as
  // nothing was seen.
  [[nodiscard]] std::optional<Estimate> time_for(double bytes, double streams) const;

 private:
  double rate_ = 0;       // bytes a second of one transfer: moving average
  double deviation_ = 0;  // mean distance from it, relative to it
  unsigned seen_ = 0;
};

}  // namespace microstage::core
