// The parts of the core that stand alone: retries, space, rates.

#include "daemon/core/rates.h"
#include "daemon/core/retry.h"
#include "daemon/core/space.h"
#include "tests/support/catch.h"

namespace microstage::core {
namespace {

TEST_CASE("Attempts are bounded by the kind of error, and space is none") {
  CHECK(judge(ErrorKind::transient, 7) == Verdict::again_later);
  CHECK(judge(ErrorKind::transient, 8) == Verdict::park);
  CHECK(judge(ErrorKind::integrity, 1) == Verdict::again_later);
  CHECK(judge(ErrorKind::integrity, 2) == Verdict::park);
  CHECK(judge(ErrorKind::permission, 1) == Verdict::hopeless);
  for (const auto kind : {ErrorKind::space_bytes, ErrorKind::space_inodes, ErrorKind::space_quota,
                          ErrorKind::mount_sick, ErrorKind::cancelled, ErrorKind::stale_lease}) {
    CHECK(judge(kind, 1000) == Verdict::again_freely);
  }
}

TEST_CASE("Back-off doubles up to its limit, and jitter leaves at least half of it") {
  const Settings settings;
  for (unsigned attempts = 1; attempts < 40; ++attempts) {
    const auto longest = backoff(settings, attempts, 0.999999);
    const auto shortest = backoff(settings, attempts, 0.0);
    CHECK(longest <= settings.backoff_limit);
    CHECK(shortest * 2 >= longest);
    if (attempts < 5) CHECK(backoff(settings, attempts + 1, 0.0) == 2 * shortest);
  }
}

TEST_CASE("Space is what is free, less what is promised, less what was written since") {
  Space space;
  const Time now{};
  CHECK(space.lacks({1, 0}, now) == Shortage::unknown);
  CHECK(space.lacks({0, 0}, now) == Shortage::none);
  space.seen({100, 10}, now);
  space.reserve("a", {60, 4});
  CHECK(space.lacks({41, 0}, now) == Shortage::bytes);
  CHECK(space.lacks({40, 7}, now) == Shortage::inodes);
  space.written("a", {20, 1});
  CHECK(space.available() == Room{40, 6});
  space.seen({80, 9}, now);  // the tier sees what was written
  CHECK(space.available() == Room{40, 6});
  space.release("a");
  CHECK(space.available() == Room{80, 9});
  space.pause(ErrorKind::space_quota, now + 1s);
  CHECK(space.lacks({1, 1}, now) == Shortage::paused);
  space.seen({80, 9}, now);
  CHECK(space.paused_until(now));
  space.seen({200, 9}, now);  // something was freed
  CHECK(!space.paused_until(now));
}

TEST_CASE("Estimates come from what was seen, with an error that grows with how it differs") {
  Rates rates;
  CHECK(!rates.time_for(1000, 1));
  for (int n = 0; n < 100; ++n)
    rates.learn(1000, 1s);
  const auto steady = rates.time_for(10'000, 2).value();
  CHECK(steady.after == 5s);
  CHECK(steady.error == 500ms);
  for (int n = 0; n < 100; ++n)
    rates.learn(1000, n % 2 == 0 ? 1s : 4s);
  const auto uneven = rates.time_for(10'000, 2).value();
  CHECK(uneven.error > uneven.after / 4);
}

}  // namespace
}  // namespace microstage::core
