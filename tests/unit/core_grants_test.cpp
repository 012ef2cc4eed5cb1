// Grants: which transfer may start, and what the tiers bear.

#include "tests/support/catch.h"
#include "tests/unit/core_fixture.h"

namespace microstage::core {
namespace {

using testing::CoreFixture;
using Fixture = CoreFixture;

AskGrant person(Fixture& it, const std::string& actor, unsigned section, unsigned plane) {
  AskGrant ask;
  ask.grant = ++it.last_grant;
  ask.actor = actor;
  ask.dataset = Fixture::dataset(section);
  ask.key = Fixture::key(section, plane);
  ask.bytes = testing::kPlane;
  ask.from = "store";
  ask.to = "fast";
  return ask;
}

Settings limited(unsigned transfers, std::uint64_t rate = 0) {
  Settings settings;
  settings.tiers["store"].transfers = transfers;
  settings.tiers["store"].bytes_per_second = rate;
  settings.tiers["store"].burst_bytes = testing::kPlane;
  return settings;
}

TEST_CASE("No more transfers at once than the tier bears, the next begins when one ends, by fair share") {
  Fixture it{limited(2)};
  CHECK(Fixture::all<Grant>(it.tell(person(it, "anna", 1, 0))).size() == 1);
  CHECK(Fixture::all<Grant>(it.tell(person(it, "anna", 1, 1))).size() == 1);
  CHECK(it.tell(person(it, "anna", 1, 2)).empty());
  CHECK(it.tell(person(it, "bert", 2, 0)).empty());
  CHECK(it.core.why_grant(3, it.now)->constraint == Constraint::transfers);
  CHECK(Fixture::one<Grant>(it.finish(1)).grant == 4);
  CHECK(Fixture::one<Grant>(it.tell(GrantGone{2})).grant == 3);
}

TEST_CASE("Bytes a second are kept over time") {
  Fixture it{limited(100, testing::kPlane)};  // a plane a second, and one at once
  unsigned granted = 0;
  for (unsigned plane = 0; plane < 20; ++plane) {
    granted += static_cast<unsigned>(Fixture::all<Grant>(it.tell(person(it, "anna", 1, plane))).size());
  }
  CHECK(granted == 2);
  CHECK(it.core.why_grant(20, it.now)->constraint == Constraint::bandwidth);
  CHECK(Fixture::all<Grant>(it.wait(10s)).size() == 10);
}

TEST_CASE("The same key is not moved twice to the same place at a time") {
  Fixture it;
  it.tell(person(it, "anna", 1, 0));
  CHECK(it.tell(person(it, "bert", 1, 0)).empty());
  CHECK(it.core.why_grant(2, it.now)->constraint == Constraint::same_key);
  CHECK(Fixture::one<Grant>(it.finish(1)).grant == 2);
}

TEST_CASE("Who waits no longer than so long is refused then") {
  Fixture it{limited(1)};
  it.tell(person(it, "anna", 1, 0));
  auto ask = person(it, "bert", 2, 0);
  ask.until = it.now + 5s;
  it.tell(ask);
  CHECK(Fixture::one<RefuseGrant>(it.wait(6s)).grant == 2);
  CHECK(it.core.grants().size() == 1);
}

TEST_CASE("A transfer without progress loses its place, one with progress keeps it") {
  Fixture it{limited(1)};
  it.tell(person(it, "anna", 1, 0));
  it.tell(person(it, "bert", 2, 0));
  it.wait(110s);
  it.tell(GrantProgress{1, 1000});
  CHECK(it.wait(110s).empty());
  CHECK(Fixture::one<Grant>(it.wait(20s)).grant == 2);
}

TEST_CASE(
    "What moves already when the daemon comes back goes on, and what is said of it is recorded as a claim") {
  Fixture it{limited(1)};
  auto ask = person(it, "anna", 1, 0);
  ask.moving = true;
  auto other = person(it, "bert", 2, 0);
  other.moving = true;
  CHECK(Fixture::all<Grant>(it.tell(ask)).size() == 1);
  CHECK(Fixture::all<Grant>(it.tell(other)).size() == 1);
  it.finish(1);
  CHECK(it.events.back().basis == "claim");
  CHECK(it.events.back().actor == "anna");
}

TEST_CASE("A person's own transfer gets space of its own, or waits for it") {
  Fixture it;
  it.see_room(testing::kPlane, 10);
  it.tell(person(it, "anna", 1, 0));
  CHECK(it.tell(person(it, "bert", 2, 0)).empty());
  CHECK(it.core.why_grant(2, it.now)->constraint == Constraint::bytes);
  CHECK(Fixture::all<Grant>(it.tell(TierSeen{"fast", 3 * testing::kPlane, 10})).size() == 1);
}

}  // namespace
}  // namespace microstage::core
