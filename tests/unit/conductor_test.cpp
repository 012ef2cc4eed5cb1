// Recorded first, done after: with a ledger that is slow, full, or gone.

#include "daemon/edge/conductor.h"

#include "lib/ledger/ledger.h"
#include "lib/ledger/open.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/power_cut_vfs.h"
#include "tests/unit/core_fixture.h"

namespace microstage::edge {
namespace {

using testing::CoreFixture;
using testing::require_good;
using testing::take;

// Commits when it is told to, and remembers what was done.
struct Stage {
  core::Time now = core::from_nanoseconds(1'700'000'000'000'000'000);
  std::vector<ledger::Event> asked;  // to be committed
  std::vector<ledger::Event> recorded;
  std::vector<core::Effect> done;
  std::vector<std::size_t> recorded_when_done;  // for each effect
  std::vector<std::string> trouble;
  std::optional<Error> died;
  unsigned commits = 0;
  Conductor conductor;

  explicit Stage(core::Core core = core::Core({}, 1)) : conductor(std::move(core), hands()) {
    tell(core::TierSeen{"fast", 1'000 * testing::kPlane, 1'000'000});
    tell(core::TierSeen{"store", 1'000 * testing::kPlane, 1'000'000});
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  Conductor::Hands hands() {
    return {[this](std::vector<ledger::Event> events) {
              CHECK(asked.empty());
              asked = std::move(events);
              commits += 1;
            },
            [this](const core::Effect& effect) {
              done.push_back(effect);
              recorded_when_done.push_back(recorded.size());
            },
            [this](const std::optional<Error>& error) {
              trouble.push_back(error ? error->message : "room again");
            },
            [this](const Error& error) { died = error; }};
  }

  void tell(const core::Input& input) { conductor.handle(input, now); }
  void commit() {
    const auto events = std::exchange(asked, {});
    recorded.insert(recorded.end(), events.begin(), events.end());
    conductor.committed({}, now);
  }
  void commit_all() {
    while (!asked.empty())
      commit();
  }
  void fail_commit(ErrorKind kind) {
    asked.clear();
    conductor.committed(fail(kind, "no room"), now);
  }

  core::Submit submit(const std::string& request, unsigned section) const {
    core::Submit submit;
    submit.request = request;
    submit.actor = "anna";
    submit.datasets.push_back({CoreFixture::dataset(section), "store", "fast"});
    return submit;
  }
};

TEST_CASE("An effect is performed after the commit of its events, and steps gather while one is under way") {
  Stage it;
  it.tell(it.submit("a", 1));
  CHECK(it.commits == 1);
  for (unsigned n = 2; n < 50; ++n)
    it.tell(it.submit("r" + std::to_string(n), n));
  CHECK(it.commits == 1);
  CHECK(it.done.empty());
  it.commit();
  CHECK(it.done.size() == 1);
  CHECK(it.commits == 2);  // all others together
  it.commit();
  CHECK(it.done.size() == 49);
  CHECK(it.conductor.is_quiet());
  CHECK(it.recorded_when_done.front() == 2);
}

TEST_CASE("Effects come in the order in which they were decided, also when performing one brings the next") {
  std::vector<std::string> planned;
  Conductor* conductor = nullptr;
  const auto now = core::from_nanoseconds(1);
  Conductor::Hands hands;
  hands.commit = [&](const std::vector<ledger::Event>&) { conductor->committed({}, now); };
  hands.full = [](const auto&) {};
  hands.fatal = [](const auto&) {};
  hands.perform = [&](const core::Effect& effect) {
    const auto* plan = std::get_if<core::PlanJob>(&effect);
    if (plan == nullptr) return;
    planned.push_back(plan->job);
    if (plan->job == "a.1") {
      core::Submit more;
      more.request = "b";
      more.actor = "anna";
      more.datasets.push_back({CoreFixture::dataset(9), "store", "fast"});
      conductor->handle(more, now);
    }
  };
  Conductor it(core::Core({}, 1), hands);
  conductor = &it;
  core::Submit submit;
  submit.request = "a";
  submit.actor = "anna";
  for (unsigned n = 1; n <= 2; ++n)
    submit.datasets.push_back({CoreFixture::dataset(n), "store", "fast"});
  it.handle(submit, now);
  CHECK(planned == std::vector<std::string>{"a.1", "a.2", "b.1"});
}

TEST_CASE("A full ledger loses nothing: what was decided is kept, tried again, and done then") {
  Stage it;
  it.tell(it.submit("a", 1));
  it.fail_commit(ErrorKind::space_bytes);
  CHECK(it.conductor.is_full());
  CHECK(it.trouble == std::vector<std::string>{"no room"});
  it.tell(it.submit("b", 2));
  CHECK(it.asked.empty());
  REQUIRE(it.conductor.next_deadline());
  it.now = *it.conductor.next_deadline();
  it.conductor.tick(it.now);
  CHECK(it.asked.size() == 2);
  it.fail_commit(ErrorKind::space_bytes);
  CHECK(it.trouble.size() == 1);
  CHECK(it.done.empty());
  it.now = *it.conductor.next_deadline();
  it.conductor.tick(it.now);
  it.commit_all();
  CHECK(!it.conductor.is_full());
  CHECK(it.trouble.back() == "room again");
  CHECK(it.done.size() == 2);
  CHECK(it.recorded.size() == 4);
}

TEST_CASE("When it is not known what is durable, nothing more is decided or done") {
  Stage it;
  it.tell(it.submit("a", 1));
  it.fail_commit(ErrorKind::durability);
  REQUIRE(it.died);
  it.tell(it.submit("b", 2));
  it.conductor.tick(it.now);
  CHECK(it.asked.empty());
  CHECK(it.done.empty());
  CHECK(!it.conductor.next_deadline());
}

// Runs a section through with a real ledger on a file system whose n-th write finds it full, and compares
// with what a successor makes of the ledger.
TEST_CASE("With a real ledger that is full at its n-th write, for every n, it ends with the same events") {
  testing::PowerCutVfs vfs("conductor-test");
  const testing::Scratch scratch;
  std::optional<std::size_t> expected;
  bool met = true;
  for (std::uint64_t n = 0; met && n < 400; n += n < 40 ? 1 : 7) {
    const std::string path = scratch / ("ledger" + std::to_string(n) + ".db");
    ledger::LedgerOptions options;
    options.vfs = vfs.name();
    auto ledger = take(ledger::Ledger::open(path, options));
    vfs.trouble_at(n, testing::PowerCutVfs::Trouble::full);
    Stage it;
    const auto commit_all = [&] {
      for (int tries = 0; !it.asked.empty() || it.conductor.is_full(); ++tries) {
        REQUIRE(tries < 10);
        if (it.asked.empty()) it.conductor.tick(it.now = *it.conductor.next_deadline());
        const auto events = std::exchange(it.asked, {});
        const auto result = ledger.append(events);
        if (!result) REQUIRE(result.error().kind == ErrorKind::space_bytes);
        it.conductor.committed(result ? Status{} : Status{fail(result.error())}, it.now);
      }
    };
    it.tell(it.submit("a", 1));
    commit_all();
    const auto plan = std::get<core::PlanJob>(it.done.at(0));
    it.tell(core::Planned{plan.job, plan.plan, {{CoreFixture::key(1, 0), testing::kPlane, 1, false}}});
    it.tell(core::MoverIdle{"m", "node", 0});
    commit_all();
    const auto lease = std::get<core::GiveLease>(it.done.at(1));
    it.tell(core::GiveBack{"m", lease.token, {{CoreFixture::key(1, 0), {}, {}}}, {}, {}, {}});
    commit_all();
    CHECK(it.conductor.core().open_requests().empty());
    if (!expected) expected = ledger.head().seq;
    CHECK(ledger.head().seq == *expected);
    if (n > 0) met = vfs.met();
    vfs.trouble_at(0, testing::PowerCutVfs::Trouble::full);
  }
  CHECK(!met);
}

}  // namespace
}  // namespace microstage::edge
