// The power is cut at every n-th write, and every n-th operation fails: the ledger opens, verifies, holds
// every acknowledged event and no half of a transaction, its projections are those of its events, and it goes
// on.

#include <algorithm>
#include <cstdlib>

#include "lib/ledger/verify.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_random.h"
#include "tests/support/power_cut_vfs.h"

using namespace microstage;
using namespace microstage::ledger;
using testing::PowerCutVfs;
using testing::require_good;
using testing::take;

namespace {

bool soak() {
  return std::getenv("MICROSTAGE_SOAK") != nullptr;  // NOLINT: nobody changes the environment
}

// Transactions of one to nine events, with checkpoints between them.
class Workload {
 public:
  explicit Workload(unsigned transactions) {
    testing::RandomEvents random(11);
    for (unsigned i = 0; i < transactions; ++i) {
      for (std::uint64_t left = 1 + random.below(9); left > 0; --left)
        events_.push_back(random.next());
      ends_.push_back(events_.size());
    }
  }

  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  // The transaction after the one that ended at `seq`; empty at the end, and where none ended there.
  [[nodiscard]] std::span<const Event> after(std::uint64_t seq) const {
    const auto next = std::upper_bound(ends_.begin(), ends_.end(), seq);
    if (next == ends_.end()) return {};
    return std::span(events_).subspan(seq, *next - seq);
  }
  [[nodiscard]] bool is_end(std::uint64_t seq) const {
    return seq == 0 || std::find(ends_.begin(), ends_.end(), seq) != ends_.end();
  }

 private:
  std::vector<Event> events_;
  std::vector<std::size_t> ends_;
};

class Run {
 public:
  Run(const Workload& workload, const std::string& path, PowerCutVfs& vfs)
      : workload_(workload), path_(path), vfs_(vfs) {}

  Result<Ledger> open() {
    LedgerOptions options;
    options.vfs = vfs_.name();
    options.reserve_bytes = 0;
    options.checkpoint_pages = 8;
    return Ledger::open(path_, options);
  }

  // Appends what is left of the workload until an error.
  Status append_all(Ledger& ledger) {
    for (auto events = workload_.after(ledger.head().seq); !events.empty();
         events = workload_.after(ledger.head().seq)) {
      const auto head = ledger.append(events);
      if (!head) return fail(head.error());
      acknowledged_ = head->seq;
    }
    return {};
  }

  Status once() {
    auto ledger = open();
    return ledger ? append_all(*ledger) : fail(ledger.error());
  }

  // The ledger holds whole transactions of the workload, all that were acknowledged, and verifies.
  void check() {
    Reader reader = take(Reader::open(path_, vfs_.name()));
    const auto verified = take(verify(reader, {{}, true}));
    if (verified.first_bad) FAIL(verified.first_bad->what);
    const std::uint64_t last = verified.head.seq;
    REQUIRE(last >= acknowledged_);
    REQUIRE(workload_.is_end(last));
    for (std::uint64_t seq = 1; seq <= last; ++seq)
      REQUIRE(take(reader.event(seq)).event == workload_.events()[seq - 1]);
  }

  void finish() {
    {
      Ledger ledger = take(open());
      require_good(append_all(ledger));
    }
    check();
    REQUIRE(take(Reader::open(path_, vfs_.name())).head().value().seq == workload_.events().size());
  }

 private:
  const Workload& workload_;
  std::string path_;
  PowerCutVfs& vfs_;
  std::uint64_t acknowledged_ = 0;
};

// Runs `round` with n = 1, 2, … until the operation is not reached any more; of what is much the same only
// every `step`-th, but all in the soak.
template <class Round>
std::uint64_t for_every_operation(std::uint64_t step, const Round& round) {
  for (std::uint64_t n = 1;; n += soak() ? 1 : step) {
    INFO("operation " << n);
    if (!round(n)) return n - 1;
  }
}

// Meets the trouble at every operation on a ledger that is there; `refused` sees each append that failed. How
// many did.
template <class Refused>
unsigned refusals_at_every_operation(PowerCutVfs::Trouble trouble, const Refused& refused) {
  const testing::Scratch scratch;
  const Workload workload(6);
  unsigned count = 0;
  for_every_operation(5, [&](std::uint64_t n) {
    PowerCutVfs vfs("trouble");
    Run run(workload, scratch / "ledger.db", vfs);
    { const Ledger made = take(run.open()); }
    vfs.trouble_at(n, trouble);
    {
      auto ledger = run.open();
      const auto appended = ledger ? run.append_all(*ledger) : Status{};
      if (!appended) {
        ++count;
        refused(run, *ledger, appended.error());
      }
    }
    if (!vfs.met()) return false;
    run.check();
    run.finish();
    return true;
  });
  return count;
}

}  // namespace

TEST_CASE("A power cut at any write loses nothing that was acknowledged") {
  const testing::Scratch scratch;
  const Workload workload(soak() ? 12 : 5);
  // 0: whatever was not synced is gone. Others: by chance.
  for (unsigned seed = 0; seed < (soak() ? 4U : 2U); ++seed) {
    const auto operations = for_every_operation(seed == 0 ? 1 : 5, [&](std::uint64_t n) {
      PowerCutVfs vfs("power-cut");
      Run run(workload, scratch / "ledger.db", vfs);
      vfs.trouble_at(n, PowerCutVfs::Trouble::cut);
      const bool done = run.once().has_value();
      if (!vfs.met()) {
        REQUIRE(done);
        return false;
      }
      vfs.power_on(seed * 1000 + (seed == 0 ? 0 : static_cast<unsigned>(n)));
      { const Ledger reopened = take(run.open()); }
      run.check();
      run.finish();
      return true;
    });
    CHECK(operations > 100);
  }
}

TEST_CASE("Want of space at any write refuses a whole transaction, and is over when there is room") {
  const auto refused = refusals_at_every_operation(
      PowerCutVfs::Trouble::full, [](Run& run, Ledger& ledger, const Error& error) {
        CHECK(error.kind == ErrorKind::space_bytes);
        require_good(run.append_all(ledger));  // the same ledger, not opened again
      });
  CHECK(refused > 10);
}

TEST_CASE("A failure of any read, write or sync leaves whole transactions") {
  const auto failed =
      refusals_at_every_operation(PowerCutVfs::Trouble::fail, [](Run&, Ledger& ledger, const Error&) {
        // What is there is not known: nothing more is taken until the ledger is opened again.
        const Event event = testing::transfer_event(1);
        CHECK(ledger.append({&event, 1}).error().kind == ErrorKind::durability);
      });
  CHECK(failed > 10);
}
