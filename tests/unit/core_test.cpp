// Requests, jobs and leases: from what is asked to what is there.

#include "tests/support/catch.h"
#include "tests/unit/core_fixture.h"

namespace microstage::core {
namespace {

using testing::CoreFixture;
using Fixture = CoreFixture;
using enum ledger::EventType;

TEST_CASE("A staged section is done when a mover has looked at every key, not before") {
  Fixture it;
  it.plan(it.tell(it.stage("r", "anna", {7})));
  CHECK(it.why("r.1") == Constraint::no_mover);
  const auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  CHECK(lease.move.size() == 3);
  CHECK(it.state("r.1") == JobState::running);
  for (const auto& key : lease.move) {
    const auto grant = Fixture::one<Grant>(it.ask(lease, key));
    it.finish(grant.grant);
  }
  CHECK(it.state("r.1") == JobState::running);
  it.give_back(lease);
  CHECK(!it.core.job("r.1"));
  CHECK(it.count(transfer_finished) == 3);
  CHECK(it.count(job_ended) == 1);
  CHECK(it.count(request_ended) == 1);
  CHECK(it.count(reservation_made) == it.count(reservation_ended));
  CHECK(it.core.open_requests().empty());
}

TEST_CASE("Keys that the plan believes there are looked at under a lease, and moved when they are not") {
  Fixture it;
  it.plan(it.tell(it.stage("r", "anna", {7})), 3, true);
  auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  CHECK(lease.move.empty());
  REQUIRE(lease.look.size() == 3);
  lease.look.pop_back();
  lease = Fixture::one<GiveLease>(it.give_back(lease));
  CHECK(lease.move == std::vector<std::string>{Fixture::key(7, 2)});
  it.give_back(lease);
  CHECK(it.core.open_requests().empty());
}

TEST_CASE("Two who want the same section share its transfers, one of them may leave") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {7})));
  it.plan(it.tell(it.stage("b", "bert", {7})));
  const auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  CHECK(it.tell(MoverIdle{"m2", "node", 0}).empty());
  CHECK(it.state("b.1") == JobState::running);
  CHECK(Fixture::all<EndLease>(it.tell(Cancel{"a", "anna"})).empty());
  CHECK(it.state("b.1") == JobState::running);
  it.give_back(lease);
  CHECK(it.core.open_requests().empty());
  CHECK(it.count(lease_given) == 1);
  CHECK(it.count(reservation_made) == it.count(reservation_ended));
}

TEST_CASE(
    "The last one who leaves ends the lease, and the dataset is free when the mover has given it back") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {7})));
  const auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  CHECK(Fixture::one<EndLease>(it.tell(Cancel{"a", "anna"})).at_once);
  it.plan(it.tell(it.stage("b", "bert", {7})));
  it.tell(MoverIdle{"m2", "node", 0});
  CHECK(it.why("b.1") == Constraint::dataset_busy);
  GiveBack back;
  back.mover = "m1";
  back.token = lease.token;
  CHECK(Fixture::one<GiveLease>(it.tell(back)).token > lease.token);
}

TEST_CASE("Somebody else's request is not cancelled, and the refusal is recorded") {
  Fixture it;
  it.tell(it.stage("a", "anna", {7}));
  it.tell(Cancel{"a", "bert"});
  CHECK(it.count(request_refused) == 1);
  CHECK(it.core.open_requests().size() == 1);
  it.tell(Cancel{"a", "bert", true});
  CHECK(it.core.open_requests().empty());
}

TEST_CASE("A mover that is not heard of loses its lease, what it says later changes nothing") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {7})));
  const auto old = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  it.tell(MoverIdle{"m2", "node", 0});
  const auto lease = Fixture::one<GiveLease>(it.wait(90s));
  CHECK(lease.mover == "m2");
  CHECK(lease.token > old.token);
  CHECK(Fixture::one<Fence>(it.give_back(old)).token == old.token);
  CHECK(it.state("a.1") == JobState::running);
  CHECK(Fixture::one<RefuseGrant>(it.ask(old, old.move[0])).error.kind == ErrorKind::stale_lease);
}

TEST_CASE("A failed key is tried again later, a bounded number of times, then parked until it is resumed") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {7})), 1);
  auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto grant = Fixture::one<Grant>(it.ask(lease, lease.move[0]));
    it.finish(grant.grant, Error{ErrorKind::integrity, "the object is damaged"});
    GiveBack back;
    back.mover = "m1";
    back.token = lease.token;
    it.tell(back);
    if (attempt == 0) {
      CHECK(it.state("a.1") == JobState::backing_off);
      lease = Fixture::one<GiveLease>(it.wait(1min));
    }
  }
  CHECK(it.state("a.1") == JobState::parked);
  CHECK(it.core.why("a.1", it.now)->text.find("damaged") != std::string::npos);
  const auto effects = it.tell(Resume{"", "the object is damaged"});
  CHECK(Fixture::all<GiveLease>(it.plan(effects, 1)).size() == 1);
}

TEST_CASE("What nobody can mend fails at once, with its error") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {7})), 1);
  const auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  GiveBack back{"m1", lease.token, {}, {{lease.move[0], {ErrorKind::not_found, "not in the store"}, {}}},
                {},   {}};
  it.tell(back);
  CHECK(it.core.open_requests().empty());
  CHECK(it.events.back().result == "not-found");
}

TEST_CASE("A full tier costs no attempt, and goes on when there is room") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {7})), 1);
  auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto grant = Fixture::one<Grant>(it.ask(lease, lease.move[0]));
    const auto effects = it.finish(grant.grant, Error{ErrorKind::space_bytes, "no space left"});
    CHECK(!Fixture::one<EndLease>(effects).at_once);
    GiveBack back;
    back.mover = "m1";
    back.token = lease.token;
    it.tell(back);
    CHECK(it.state("a.1") == JobState::waiting);
    lease = Fixture::one<GiveLease>(it.wait(70s));
  }
}

TEST_CASE("A section gets all of its space before its first byte, or waits") {
  Fixture it;
  it.see_room(5 * testing::kPlane, 100);
  it.tell(MoverIdle{"m1", "node", 0});
  it.tell(MoverIdle{"m2", "node", 0});
  it.plan(it.tell(it.stage("a", "anna", {1, 2})));
  CHECK(it.core.leases().size() == 1);
  CHECK(it.why("a.2") == Constraint::bytes);
  CHECK(it.core.why("a.2", it.now)->holders == std::vector<std::string>{"fast", "a.1"});
  it.tell(TierSeen{"fast", 50 * testing::kPlane, 2});
  CHECK(it.why("a.2") == Constraint::inodes);
  it.tell(TierSeen{"fast", 50 * testing::kPlane, 100});
  CHECK(it.core.leases().size() == 2);
}

TEST_CASE("Release goes before everything, but not under a pin") {
  Fixture it;
  it.plan(it.tell(it.stage("s", "anna", {1, 2, 3})));
  it.tell(Pin{"p", "anna", Fixture::dataset(9), "fast", it.now + 1h});
  it.plan(it.tell(it.release("r", "anna", {8, 9})));
  CHECK(it.why("r.2") == Constraint::pinned);
  CHECK(Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0})).job == "r.1");
  CHECK(Fixture::one<GiveLease>(it.tell(MoverIdle{"m2", "node", 0})).job == "s.1");
  CHECK(Fixture::all<GiveLease>(it.wait(10s)).empty());
  it.tell(Unpin{"p", "bert"});
  CHECK(it.why("r.2") == Constraint::pinned);
  it.tell(Unpin{"p", "anna"});
  CHECK(Fixture::one<GiveLease>(it.tell(MoverIdle{"m3", "node", 0})).job == "r.2");
}

TEST_CASE("A pin stops who is releasing the dataset, also when the daemon died before it could say so") {
  Fixture it;
  it.plan(it.tell(it.release("r", "anna", {1})));
  const auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  const auto effects = it.tell(Pin{"p", "bert", Fixture::dataset(1), "fast", std::nullopt});
  CHECK(Fixture::one<EndLease>(effects).token == lease.token);
  CHECK(Fixture::one<EndLease>(effects).at_once);
  CHECK(Fixture::one<EndLease>(it.restart()).token == lease.token);
}

TEST_CASE("A pin asked for with anything but staging makes none") {
  Fixture it;
  auto submit = it.release("r", "anna", {1});
  submit.pin = 1h;
  it.plan(it.tell(submit));
  it.give_back(Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0})));
  CHECK(it.core.open_requests().empty());
  CHECK(it.count(pin_made) == 0);
}

TEST_CASE("A pin asked for with staging begins when the section is ready") {
  Fixture it;
  auto submit = it.stage("s", "anna", {1});
  submit.pin = 1h;
  it.plan(it.tell(submit));
  it.give_back(Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0})));
  CHECK(it.count(pin_made) == 1);
  it.plan(it.tell(it.release("r", "bert", {1})));
  CHECK(it.why("r.1") == Constraint::pinned);
  CHECK(Fixture::all<GiveLease>(it.wait(61min)).size() == 1);
  CHECK(it.count(pin_ended) == 1);
}

TEST_CASE("After a restart open jobs are planned anew, leases wait for their movers, tokens grow") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {1, 2})));
  const auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  auto effects = it.restart();
  CHECK(Fixture::all<PlanJob>(effects).size() == 2);
  it.plan(effects);
  CHECK(Fixture::all<Fence>(it.tell(Heartbeat{"m1", lease.token})).empty());
  CHECK(it.why("a.1") == Constraint::dataset_busy);
  const auto other = Fixture::one<GiveLease>(it.tell(MoverIdle{"m2", "node", 0}));
  CHECK(other.job == "a.2");
  CHECK(other.token > lease.token);
  it.give_back(lease);
  it.give_back(other);
  it.wait(1min);
  CHECK(it.core.open_requests().empty());
}

}  // namespace
}  // namespace microstage::core
