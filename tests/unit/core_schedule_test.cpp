// Who goes next: classes, fair shares, priorities, deadlines, finishing what was begun, giving way.

#include "tests/support/catch.h"
#include "tests/unit/core_fixture.h"

namespace microstage::core {
namespace {

using testing::CoreFixture;
using Fixture = CoreFixture;

std::string next_job(Fixture& it, const std::string& mover) {
  return Fixture::one<GiveLease>(it.tell(MoverIdle{mover, "node", 0})).job;
}

TEST_CASE("Who has had less comes first, whatever came before") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {1, 2, 3, 4})));
  CHECK(next_job(it, "m1") == "a.1");
  CHECK(next_job(it, "m2") == "a.2");
  it.plan(it.tell(it.stage("b", "bert", {11, 12, 13, 14})));
  CHECK(next_job(it, "m3") == "b.1");
  CHECK(it.why("a.3") == Constraint::movers_busy);
}

TEST_CASE("Shares follow the weights") {
  Settings settings;
  settings.weights = {{"anna", 3}};
  Fixture it{settings};
  std::vector<unsigned> sections(40);
  for (unsigned n = 0; n < 40; ++n)
    sections[n] = n;
  it.plan(it.tell(it.stage("a", "anna", sections)));
  for (unsigned& section : sections)
    section += 100;
  it.plan(it.tell(it.stage("b", "bert", sections)));
  unsigned of_anna = 0;
  auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m", "node", 0}));
  for (int turn = 0; turn < 40; ++turn) {
    of_anna += lease.job.starts_with("a.") ? 1 : 0;
    for (const auto& key : lease.move)
      it.finish(Fixture::one<Grant>(it.ask(lease, key)).grant);
    lease = Fixture::one<GiveLease>(it.give_back(lease));
  }
  CHECK(of_anna == 30);
}

TEST_CASE("What was begun is finished before new sections of the same user") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {1, 2})));
  auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  it.finish(Fixture::one<Grant>(it.ask(lease, lease.move[0])).grant);
  it.finish(Fixture::one<Grant>(it.ask(lease, lease.move[1])).grant,
            Error{ErrorKind::transient, "timed out"});
  GiveBack back{"m1", lease.token, {{lease.move[0], {}, {}}}, {}, {}, {}};
  lease = Fixture::one<GiveLease>(it.tell(back));
  CHECK(lease.job == "a.1");  // one key backs off, but there is another to move
  CHECK(lease.move == std::vector<std::string>{Fixture::key(1, 2)});
}

TEST_CASE("Urgent work goes first, work of low priority last, and a near deadline makes work urgent") {
  Fixture it;
  auto low = it.stage("l", "anna", {1});
  low.priority = Priority::low;
  it.plan(it.tell(low));
  it.wait(1s);
  it.plan(it.tell(it.stage("n", "anna", {2, 3})));
  auto soon = it.stage("d", "anna", {4});
  soon.deadline = it.now + 2h;
  it.plan(it.tell(soon));
  auto urgent = it.stage("u", "anna", {5});
  urgent.priority = Priority::urgent;
  it.plan(it.tell(urgent));
  CHECK(next_job(it, "m1") == "u.1");
  CHECK(next_job(it, "m2") == "n.1");
  it.wait(61min);
  for (const auto& lease : it.core.leases())
    CHECK(lease.state == LeaseState::lost);  // none is left
  CHECK(next_job(it, "m3") == "d.1");
}

TEST_CASE("All movers busy: one gives way to who has none, and what is nearly complete does not") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {1, 2, 3})));
  const auto one = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  const auto two = Fixture::one<GiveLease>(it.tell(MoverIdle{"m2", "node", 0}));
  for (const auto& key : one.move)
    it.finish(Fixture::one<Grant>(it.ask(one, key)).grant);
  it.wait(1s);
  const auto effects = it.plan(it.tell(it.stage("b", "bert", {11})));
  const auto end = Fixture::one<EndLease>(effects);
  CHECK(end.token == two.token);
  CHECK(!end.at_once);
  CHECK(Fixture::one<RefuseGrant>(it.ask(two, two.move[0])).error.kind == ErrorKind::cancelled);
  GiveBack back{"m2", two.token, {}, {}, {}, {}};
  CHECK(Fixture::one<GiveLease>(it.tell(back)).job == "b.1");
  CHECK(it.state("a.2") == JobState::waiting);
}

TEST_CASE("Who waits long for space is not overtaken there for ever") {
  Fixture it;
  it.see_room(4 * testing::kPlane, 1000);
  it.plan(it.tell(it.stage("a", "anna", {1})), 3);
  const auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  it.tell(MoverIdle{"m2", "node", 0});
  it.plan(it.tell(it.stage("b", "anna", {2})), 4);
  it.plan(it.tell(it.stage("c", "anna", {3})), 1);
  CHECK(it.core.leases().size() == 2);  // the small one overtakes at first
  it.tell(Heartbeat{"m1", lease.token});
  for (int minute = 0; minute < 11; ++minute) {
    it.wait(30s);
    it.tell(Heartbeat{"m1", lease.token});
    it.wait(30s);
    it.tell(Heartbeat{"m1", lease.token});
  }
  it.tell(Cancel{"c", "anna"});
  it.plan(it.tell(it.stage("d", "anna", {4})), 1);
  it.tell(MoverIdle{"m3", "node", 0});
  CHECK(it.state("d.1") == JobState::waiting);
  CHECK(it.why("b.1") == Constraint::bytes);
}

TEST_CASE("A tier that fails several datasets in a row rests, is tried with one, and comes back") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {1, 2, 3, 4, 5, 6})), 1);
  for (unsigned n = 1; n <= 5; ++n) {
    const auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
    GiveBack back{"m1", lease.token, {}, {{lease.move[0], {ErrorKind::transient, "timed out"}, "store"}},
                  {},   {}};
    it.tell(back);
    it.tell(MoverGone{"m1"});
  }
  it.tell(MoverIdle{"m1", "node", 0});
  it.tell(MoverIdle{"m2", "node", 0});
  CHECK(it.core.leases().empty());
  CHECK(it.why("a.6") == Constraint::tier_resting);
  CHECK(it.core.why("a.6", it.now)->text.find("timed out") != std::string::npos);
  const auto lease = Fixture::one<GiveLease>(it.wait(61s));  // one tries
  it.finish(Fixture::one<Grant>(it.ask(lease, lease.move[0])).grant);
  CHECK(it.core.leases().size() == 2);
}

TEST_CASE("A tier that is unwell rests at once, and the section is not to blame") {
  Fixture it;
  it.plan(it.tell(it.stage("a", "anna", {1})), 1);
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto lease = Fixture::one<GiveLease>(attempt == 0 ? it.tell(MoverIdle{"m1", "node", 0})
                                                            : it.wait_until<GiveLease>());
    GiveBack back{"m1", lease.token, {}, {}, Error{ErrorKind::mount_sick, "not mounted"}, "store"};
    it.tell(back);
    CHECK(it.why("a.1") == Constraint::tier_resting);
  }
}

}  // namespace
}  // namespace microstage::core
