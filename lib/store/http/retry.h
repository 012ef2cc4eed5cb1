#pragma once
// When to try again what a server or the way to it refused, and when to stop asking. Pure: time is an
// argument.

#include <chrono>
#include <optional>
#include <string_view>

namespace microstage::store::http {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct RetryPolicy {
  int most_retries = 4;
  milliseconds first_delay{250};  // doubled each time
  milliseconds longest_delay{4'000};
  milliseconds longest_request{30'000};  // how long a server may make us wait (Retry-After)
};

// How long to wait after `failures` in a row, or nothing when it is time to give up. `jitter` from 0 to 1
// takes up to half of the wait away, so that a thousand jobs do not come back in the same moment.
[[nodiscard]] std::optional<milliseconds> delay_after(const RetryPolicy& policy, int failures,
                                                      std::optional<milliseconds> asked_for, double jitter);

// Retry-After: seconds. A date is not understood, and then our own delay holds.
[[nodiscard]] std::optional<milliseconds> parse_retry_after(std::string_view value);

// 408, 429 and what a server says when it is unwell.
[[nodiscard]] bool may_pass(int status);

// Once a server was out of reach in spite of all retries, each further request gets one try for a while:
// thousands of keys must not wait in turn for the same dead server.
class Outage {
 public:
  void note_failure(Clock::time_point now) { since_ = now; }
  void note_success() { since_.reset(); }
  [[nodiscard]] bool lasts(Clock::time_point now) const;

 private:
  std::optional<Clock::time_point> since_;
};

}  // namespace microstage::store::http
