#pragma once
// A bound on the bytes a second of all transfers of a process together: a token bucket. Short bursts pass,
// the average does not exceed the rate.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace microstage::transfer {

// Pure: time is an argument. One thread.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // `rate` in bytes a second, above 0. A quarter of a second's bytes may come at once.
  TokenBucket(std::uint64_t rate, Time now);

  // Takes `bytes`, which may be more than there are: the bucket then owes. How long to wait until it does
  // not.
  [[nodiscard]] Duration take(std::uint64_t bytes, Time now);

 private:
  double rate_;
  double tokens_;  // negative: owed
  Time filled_;
};

// The same for all transfers of a process. Any thread.
class RateLimiter {
 public:
  explicit RateLimiter(std::uint64_t rate) : bucket_(rate, std::chrono::steady_clock::now()) {}

  // Returns when so many bytes may have moved, or when `stop` says so.
  void pass(std::uint64_t bytes, const std::stop_token& stop);

 private:
  std::mutex mutex_;
  TokenBucket bucket_;
};

}  // namespace microstage::transfer
