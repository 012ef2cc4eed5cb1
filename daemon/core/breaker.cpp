#include "daemon/core/breaker.h"

#include <algorithm>

namespace microstage::core {

bool Breaker::failed(const Settings& settings, const Error& error, const std::string& dataset, Time now) {
  if (!closed_) {
    // What began before the tier came to rest says nothing new.
    if (probe_ != dataset) return false;
    rest(settings, error, now);
    return true;
  }
  in_a_row_ += 1;
  if (datasets_.size() < 2) datasets_.insert(dataset);
  const bool bad = error.kind == ErrorKind::mount_sick ||
                   (in_a_row_ >= settings.breaker_failures && datasets_.size() >= 2);
  if (bad) rest(settings, error, now);
  return bad;
}

void Breaker::rest(const Settings& settings, const Error& error, Time now) {
  pause_ = closed_ ? settings.breaker_pause : std::min(2 * pause_, settings.backoff_limit);
  closed_ = false;
  until_ = now + pause_;
  probe_.clear();
  reason_ = error.message;
}

void Breaker::worked() {
  closed_ = true;
  in_a_row_ = 0;
  datasets_.clear();
  probe_.clear();
}

bool Breaker::allows(const std::string& dataset, Time now) const {
  return closed_ || now >= until_ || (!probe_.empty() && probe_ == dataset);
}

void Breaker::begin(const Settings& settings, const std::string& dataset, Time now) {
  if (closed_ || now < until_) return;
  probe_ = dataset;
  until_ = now + pause_ + settings.lease_timeout;  // should the try never end
}

Breaker::State Breaker::state(Time now) const {
  if (closed_) return State::closed;
  return probe_.empty() && now < until_ ? State::resting : State::trying;
}

std::optional<Time> Breaker::until() const {
  return closed_ ? std::nullopt : std::optional(until_);
}

}  // namespace microstage::core
