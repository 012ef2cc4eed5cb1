#include "lib/store/http/retry.h"

#include <algorithm>
#include <cstdint>

#include "lib/core/text.h"

namespace microstage::store::http {

std::optional<milliseconds> delay_after(const RetryPolicy& policy, int failures,
                                        std::optional<milliseconds> asked_for, double jitter) {
  if (failures < 1 || failures > policy.most_retries) return std::nullopt;
  if (asked_for && *asked_for > policy.longest_request) return std::nullopt;
  milliseconds delay = policy.first_delay;
  for (int i = 1; i < failures && delay < policy.longest_delay; ++i)
    delay *= 2;
  delay = std::min(delay, policy.longest_delay);
  const double kept = 1.0 - std::clamp(jitter, 0.0, 1.0) / 2;
  delay = milliseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * kept));
  return asked_for ? std::max(*asked_for, delay) : delay;
}

std::optional<milliseconds> parse_retry_after(std::string_view value) {
  constexpr std::uint64_t kDay = 24 * 3600;
  std::uint64_t seconds = 0;
  if (!parse_decimal(value, seconds)) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(std::min(seconds, kDay)));
}

bool may_pass(int status) {
  switch (status) {
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      return false;
  }
}

bool Outage::lasts(Clock::time_point now) const {
  return since_ && now - *since_ < std::chrono::seconds(30);
}

}  // namespace microstage::store::http
