#pragma once
// Lets a tier rest after failures that are not the fault of what was moved, and tries it again with one
// dataset before all come back (a circuit breaker).
//
// Threads: one at a time.

#include <optional>
#include <set>
#include <string>

#include "daemon/core/settings.h"
#include "lib/core/error.h"

namespace microstage::core {

class Breaker {
 public:
  enum class State { closed, resting, trying };

  // A failure on the tier while `dataset` was worked on. Returns whether it rests now because of it.
  bool failed(const Settings& settings, const Error& error, const std::string& dataset, Time now);
  void worked();

  // Whether work on `dataset` may use the tier.
  [[nodiscard]] bool allows(const std::string& dataset, Time now) const;
  // Work on `dataset` was begun: if the tier was resting until now, this is the try.
  void begin(const Settings& settings, const std::string& dataset, Time now);

  [[nodiscard]] State state(Time now) const;
  // When the next try is allowed; nothing while it is closed.
  [[nodiscard]] std::optional<Time> until() const;
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  void rest(const Settings& settings, const Error& error, Time now);

  bool closed_ = true;
  Time until_{};       // rests until then; while a dataset is tried: until the next one may be
  std::string probe_;  // the dataset that is tried
  unsigned in_a_row_ = 0;
  std::set<std::string> datasets_;  // that failed in a row, two at most
  Duration pause_{};
  std::string reason_;
};

}  // namespace microstage::core
