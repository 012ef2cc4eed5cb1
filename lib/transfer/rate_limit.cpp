#include "lib/transfer/rate_limit.h"

#include <algorithm>
#include <condition_variable>

namespace microstage::transfer {

namespace {

using Seconds = std::chrono::duration<double>;
constexpr double kBurstSeconds = 0.25;

}  // namespace

TokenBucket::TokenBucket(std::uint64_t rate, Time now)
    : rate_(static_cast<double>(rate)), tokens_(rate_ * kBurstSeconds), filled_(now) {}

TokenBucket::Duration TokenBucket::take(std::uint64_t bytes, Time now) {
  tokens_ = std::min(tokens_ + rate_ * Seconds(now - filled_).count(), rate_ * kBurstSeconds);
  filled_ = now;
  tokens_ -= static_cast<double>(bytes);
  return tokens_ >= 0 ? Duration::zero()
                      : std::chrono::duration_cast<Duration>(Seconds(-tokens_ / rate_)) + Duration(1);
}

void RateLimiter::pass(std::uint64_t bytes, const std::stop_token& stop) {
  const auto now = std::chrono::steady_clock::now();
  TokenBucket::Duration wait{};
  {
    const std::lock_guard lock(mutex_);
    wait = bucket_.take(bytes, now);
  }
  // Nobody else wakes this; the condition is there for `stop` alone.
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  if (wait > TokenBucket::Duration::zero()) stopped.wait_until(lock, stop, now + wait, [] { return false; });
}

}  // namespace microstage::transfer
