// A daemon that dies and comes back with what a real ledger holds is as it was.

#include <map>
#include <tuple>

#include "lib/ledger/open.h"
#include "tests/support/ledger_fixture.h"
#include "tests/unit/core_fixture.h"

namespace microstage::core {
namespace {

using ledger::Ledger;
using ledger::Reader;
using testing::CoreFixture;
using testing::require_good;
using testing::take;
using Fixture = CoreFixture;

using Picture = std::map<std::string, std::tuple<std::string, std::string, JobState>>;

Picture picture(const Core& core) {
  Picture all;
  for (const auto& request : core.open_requests()) {
    for (const auto& job : core.jobs_of(request))
      all[job.job] = {job.dataset, job.actor, job.state};
  }
  for (const auto& lease : core.leases()) {
    all["lease " + std::to_string(lease.token)] = {lease.dataset, lease.mover, JobState::running};
  }
  return all;
}

// Much of everything: done, failed, parked, running, waiting, cancelled, pinned, two on one dataset.
void live(Fixture& it) {
  it.plan(it.tell(it.stage("done", "anna", {1})));
  auto lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m1", "node", 0}));
  it.give_back(lease);
  it.plan(it.tell(it.stage("parked", "anna", {2})), 1);
  for (int attempt = 0; attempt < 2; ++attempt) {
    lease = Fixture::one<GiveLease>(attempt == 0 ? it.tell(MoverIdle{"m1", "node", lease.token})
                                                 : it.wait_until<GiveLease>());
    it.tell(GiveBack{"m1", lease.token, {}, {{lease.move[0], {ErrorKind::bug, "oh"}, {}}}, {}, {}});
  }
  it.tell(MoverGone{"m1"});
  it.plan(it.tell(it.stage("failed", "bert", {3})), 1);
  lease = Fixture::one<GiveLease>(it.tell(MoverIdle{"m2", "node", 0}));
  it.tell(GiveBack{"m2", lease.token, {}, {{lease.move[0], {ErrorKind::not_found, "gone"}, {}}}, {}, {}});
  auto urgent = it.stage("many", "carl", {4, 5, 6});
  urgent.priority = Priority::urgent;
  urgent.deadline = it.now + 5h;
  urgent.pin = 72h;
  it.plan(it.tell(urgent));
  it.plan(it.tell(it.stage("shared", "dora", {4, 5, 6})));
  it.tell(Cancel{"many", "carl"});
  it.tell(it.stage("unplanned", "dora", {7}));
  it.tell(Pin{"p", "dora", Fixture::dataset(8), "fast", it.now + 1h});
  it.plan(it.tell(it.release("release", "dora", {8, 9})), 2, false);
}

TEST_CASE(
    "After a restart it goes on with what the ledger says is open, from all events or from the open ones") {
  Fixture it;
  live(it);
  const testing::Scratch scratch;
  auto ledger = take(Ledger::open(scratch / "ledger.db"));
  for (const auto& event : it.events)
    require_good(ledger::check(event));
  require_good(ledger.append(it.events).map([](const auto&) {}));

  Core from_all{{}, 1};
  for (const auto& event : it.events)
    from_all.fold(event);
  const auto all_effects = from_all.recover(it.now, it.events.size()).effects;

  Core from_open{{}, 1};
  auto reader = take(Reader::open(scratch / "ledger.db"));
  std::size_t folded = 0;
  require_good(ledger::for_each_open_event(reader, [&](const ledger::Record& record) -> Status {
    from_open.fold(record.event);
    folded += 1;
    return {};
  }));
  CHECK(folded < it.events.size() / 2);
  const auto open_effects = from_open.recover(it.now, ledger.head().seq).effects;

  CHECK(picture(from_open) == picture(from_all));
  CHECK(from_open.open_requests().size() == it.core.open_requests().size());
  CHECK(from_open.leases().size() == it.core.leases().size());
  CHECK(from_open.job("parked.1")->state == JobState::parked);
  CHECK(from_open.job("parked.1")->cause == "oh");
  CHECK(open_effects.size() == all_effects.size());
  CHECK(from_open.why("release.1", it.now)->constraint == Constraint::plan);
}

TEST_CASE(
    "A request of which one job has failed ends as failed, also when the daemon died before the others were "
    "done") {
  Fixture it;
  const auto plans = Fixture::all<PlanJob>(it.tell(it.stage("r", "anna", {1, 2})));
  it.tell(PlanFailed{plans.at(0).job, plans.at(0).plan, {ErrorKind::not_found, "no such dataset"}});
  const testing::Scratch scratch;
  auto ledger = take(Ledger::open(scratch / "ledger.db"));
  require_good(ledger.append(it.events).map([](const auto&) {}));
  Core core{{}, 1};
  auto reader = take(Reader::open(scratch / "ledger.db"));
  require_good(ledger::for_each_open_event(reader, [&](const ledger::Record& record) -> Status {
    core.fold(record.event);
    return {};
  }));
  CHECK(Fixture::all<PlanJob>(core.recover(it.now, it.events.size()).effects).size() == 1);
  const auto& plan = Fixture::one<PlanJob>(core.tick(it.now + 11min).effects);
  const auto step = core.handle(PlanFailed{plan.job, plan.plan, {ErrorKind::invalid, "bad"}}, it.now + 11min);
  REQUIRE(!step.events.empty());
  CHECK(step.events.back().type == ledger::EventType::request_ended);
  CHECK(step.events.back().result == "not-found");
}

TEST_CASE("A core without anything has nothing open, and waits for nothing") {
  Core core{{}, 1};
  CHECK(core.recover(from_nanoseconds(1), 0).effects.empty());
  CHECK(!core.next_deadline());
}

}  // namespace
}  // namespace microstage::core
