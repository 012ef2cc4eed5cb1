#pragma once
// What is due when. Each timer is named by what it is for and whose it is; setting it again moves it.
//
// Threads: one at a time.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "daemon/core/time.h"

namespace microstage::core {

enum class TimerKind {
  plan,
  lease,
  grant,
  grant_wait,
  retry,
  parked,
  request,
  pin,
  space,
  breaker,
  pace,
  deadline
};

struct Timer {
  TimerKind kind;
  std::string whose;

  bool operator<(const Timer& other) const {
    return std::tie(kind, whose) < std::tie(other.kind, other.whose);
  }
};

class Timers {
 public:
  void set(const Timer& timer, Time time);
  void clear(const Timer& timer);

  [[nodiscard]] std::optional<Time> next() const;
  // One that is due, taken out.
  [[nodiscard]] std::optional<Timer> take(Time now);

 private:
  std::map<Timer, Time> times_;
  std::set<std::pair<Time, Timer>> order_;
};

}  // namespace microstage::core
