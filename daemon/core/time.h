#pragma once
// Time as the core sees it: an argument, never a clock of its own.
//
// Threads: values.

#include <chrono>
#include <cstdint>

namespace microstage::core {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::sys_time<Duration>;  // since 1970, UTC

// As the ledger writes it.
[[nodiscard]] inline std::int64_t nanoseconds(Time time) {
  return time.time_since_epoch().count();
}
[[nodiscard]] inline Time from_nanoseconds(std::int64_t time) {
  return Time(Duration(time));
}

}  // namespace microstage::core
