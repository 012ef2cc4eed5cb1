#include "daemon/core/rates.h"

#include <algorithm>
#include <cmath>

namespace microstage::core {
namespace {

constexpr double kNew = 0.1;         // weight of the newest transfer
constexpr double kLeastError = 0.1;  // nobody knows better than this

Duration seconds(double value) {
  return Duration(static_cast<Duration::rep>(std::min(value * 1e9, 9e17)));
}

}  // namespace

void Rates::learn(std::uint64_t bytes, Duration duration) {
  if (bytes == 0 || duration <= Duration{}) return;
  const double rate = static_cast<double>(bytes) * 1e9 / static_cast<double>(duration.count());
  seen_ += 1;
  const double weight = std::max(kNew, 1.0 / seen_);
  if (seen_ > 1) deviation_ += weight * (std::abs(rate - rate_) / rate_ - deviation_);
  rate_ += weight * (rate - rate_);
}

std::optional<Estimate> Rates::time_for(double bytes, double streams) const {
  if (seen_ == 0) return std::nullopt;
  const double time = bytes / (rate_ * std::max(1.0, streams));
  return Estimate{seconds(time), seconds(time * std::max(kLeastError, deviation_))};
}

}  // namespace microstage::core
