#include "daemon/core/pace.h"

#include <algorithm>

namespace microstage::core {
namespace {

Duration time_for(std::uint64_t bytes, std::uint64_t bytes_per_second) {
  const double seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second);
  return Duration(static_cast<Duration::rep>(std::min(seconds * 1e9, 9e17)));
}

}  // namespace

Time Pace::ready_at(const TierLimits& limits) const {
  if (limits.bytes_per_second == 0) return Time{};
  return paid_until_ - time_for(limits.burst_bytes, limits.bytes_per_second);
}

void Pace::begin(const TierLimits& limits, std::uint64_t bytes, Time now) {
  active_ += 1;
  if (limits.bytes_per_second == 0) return;
  paid_until_ = std::max(paid_until_, now) + time_for(bytes, limits.bytes_per_second);
}

}  // namespace microstage::core
