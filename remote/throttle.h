#pragma once
// Lets the bytes of one transfer through as fast as the limit for all of them says; without one, at once.
//
// Threads: the one of its transfer.

#include <cstdint>
#include <optional>
#include <stop_token>

#include "lib/transfer/rate_limit.h"

namespace microstage::remote {

class Throttle {
 public:
  Throttle(transfer::RateLimiter* limiter, std::stop_token stop)
      : limiter_(limiter), stop_(std::move(stop)) {}

  // `bytes` in place by now. What a resumed transfer begins with has not moved.
  void pass(std::uint64_t bytes) {
    // A copy that begins again counts from its beginning.
    if (limiter_ != nullptr && passed_ && bytes > *passed_) limiter_->pass(bytes - *passed_, stop_);
    passed_ = bytes;
  }

 private:
  transfer::RateLimiter* limiter_;
  std::stop_token stop_;
  std::optional<std::uint64_t> passed_;
};

}  // namespace microstage::remote
