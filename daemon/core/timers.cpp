#include "daemon/core/timers.h"

namespace microstage::core {

void Timers::set(const Timer& timer, Time time) {
  clear(timer);
  times_.emplace(timer, time);
  order_.emplace(time, timer);
}

void Timers::clear(const Timer& timer) {
  const auto it = times_.find(timer);
  if (it == times_.end()) return;
  order_.erase({it->second, timer});
  times_.erase(it);
}

std::optional<Time> Timers::next() const {
  return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
}

std::optional<Timer> Timers::take(Time now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  Timer timer = order_.begin()->second;
  clear(timer);
  return timer;
}

}  // namespace microstage::core
