#pragma once
// The inside of Core, shared by its parts: requests.cpp, pins.cpp, leases.cpp, transfers.cpp, grants.cpp,
// schedule.cpp, recover.cpp, why.cpp. Each part's functions stand together below.
//
// Threads: those of Core.

#include <map>
#include <memory>
#include <random>
#include <set>
#include <tuple>
#include <unordered_map>

#include "daemon/core/breaker.h"
#include "daemon/core/core.h"
#include "daemon/core/fair_share.h"
#include "daemon/core/pace.h"
#include "daemon/core/rates.h"
#include "daemon/core/retry.h"
#include "daemon/core/space.h"
#include "daemon/core/timers.h"
#include "daemon/core/work.h"

namespace microstage::core {

struct Tier {
  Pace pace;
  Space space;
  Breaker breaker;
};

// Why a task cannot begin now, whoever else waits.
struct Block {
  Constraint constraint = Constraint::none;
  std::vector<std::string> holders;
  std::string tier;
  std::optional<Time> until;
};

// How much of a Block is wanted: who chooses among thousands needs no words.
enum class Detail { constraint, all };

struct PlaceOrder {
  bool operator()(const Place& a, const Place& b) const {
    return std::tie(a.bucket, a.rank, a.number) < std::tie(b.bucket, b.rank, b.number);
  }
};
using UserQueue = std::map<Place, Task*, PlaceOrder>;

struct Core::State {
  State(Settings given, std::uint64_t seed);

  // --- what is remembered
  Settings settings;
  std::mt19937_64 random;
  std::unordered_map<std::string, std::unique_ptr<Request>> requests;
  std::unordered_map<std::string, std::unique_ptr<Job>> jobs;
  std::unordered_map<std::uint64_t, std::unique_ptr<Task>> tasks;
  std::unordered_map<std::string, Dataset> datasets;
  std::map<std::uint64_t, Lease> leases;        // live ones
  std::map<std::uint64_t, GrantRecord> grants;  // waiting and granted
  std::map<std::string, std::uint64_t>
      moving;  // the grant of a key that is on its way, by dataset, key and target
  std::map<std::string, Mover> movers;
  std::map<std::string, PinRecord> pins;
  std::map<std::string, Tier> tiers;
  std::map<Class, std::map<std::string, UserQueue>> queue;
  FairShare user_share;
  FairShare group_share;
  FairShare grant_share;
  Rates rates;
  Timers timers;
  std::uint64_t last_token = 0;
  std::uint64_t last_plan = 0;
  std::uint64_t last_task = 0;
  bool none_can_begin = false;     // as choose() found, and nothing has changed since that could let one
  std::uint64_t way_made_for = 0;  // the task for which a mover has just given way

  // --- of the step at hand
  Time now{};
  Step step;

  // core.cpp
  ledger::Event& record(ledger::EventType type);
  void tick();
  void due(const Timer& timer);
  [[nodiscard]] const TierLimits& limits(const std::string& tier) const;
  Tier* tier(const std::string& name);  // null for an empty name

  // requests.cpp
  void take(const Submit& input);
  void take(const Cancel& input);
  void take(const Planned& input);
  void take(const PlanFailed& input);
  void take(const Resume& input);
  Job& add_job(Request& request, const std::string& id, const WantedDataset& wanted);
  Task& task_for(const WantedDataset& wanted, Action action);
  void ask_plan(Job& job);
  void replan(Task& task);
  void resume(Task& task);
  void change(Job& job, JobHappening happening, const std::optional<Error>& error = std::nullopt);
  void end(Job& job);
  void forget(Task& task);
  void forget_dataset(const std::string& name);
  void want(Job& job, const PlannedTransfer& planned);
  void forget_transfers(Job& job);
  void refuse(const std::string& actor, std::string_view action, const std::string& request, Error error);

  // pins.cpp
  void take(const Pin& input);
  void take(const Unpin& input);
  void make_pin(const std::string& id, const PinRecord& pin, const std::string& request);
  void end_pin(const std::string& id, const std::string& actor);

  // transfers.cpp
  bool advance(Transfer& transfer, TransferHappening happening);
  void fail(Transfer& transfer, const Error& error);
  void blame(const Task& task, const Error& error, const std::string& tier);
  void worked(const Task& task);
  void try_tier(const std::string& name, const std::string& dataset);
  void settle(Task& task);
  void settle(Job& job);
  void watch_retries(Task& task);
  [[nodiscard]] Room missing(const Task& task) const;

  // leases.cpp
  void take(const MoverIdle& input);
  void take(const MoverGone& input);
  void take(const Heartbeat& input);
  void take(const GiveBack& input);
  void give(Task& task, const std::string& mover);
  void end_lease(Lease& lease, LeaseHappening happening, const std::optional<Error>& error);
  void stop_lease(Lease& lease, LeaseHappening happening);
  [[nodiscard]] GiveLease order_of(const Lease& lease) const;
  void look(Lease& lease, const std::vector<SeenKey>& there);
  void see(Lease& lease, const SeenKey& seen);
  void count_written(const Task& task, const Transfer& transfer);
  void reserve(Task& task);
  void release_space(Task& task);
  void replan_staging(const std::string& dataset);

  // grants.cpp
  void take(const AskGrant& input);
  void take(const GrantProgress& input);
  void take(const EndGrant& input);
  void take(const GrantGone& input);
  void begin(GrantRecord& grant);
  void end(std::uint64_t grant);
  void refuse_waiting(std::uint64_t token);
  void give_grants();
  [[nodiscard]] std::optional<Block> blocked(const GrantRecord& grant) const;
  [[nodiscard]] Lease* lease_of(const AskGrant& ask);

  // schedule.cpp
  void take(const TierSeen& input);
  void enqueue(Task& task);
  void dequeue(Task& task);
  [[nodiscard]] Place place_of(const Task& task) const;
  void schedule();
  [[nodiscard]] Task* choose();
  void make_way(const Task& task);
  [[nodiscard]] std::optional<Block> blocked(const Task& task, Detail detail = Detail::all) const;
  [[nodiscard]] std::optional<Block> blocked_release(const Task& task) const;
  [[nodiscard]] std::optional<Block> blocked_by_space(const Task& task, Detail detail) const;
  [[nodiscard]] Room room_for(const Task& task) const;
  [[nodiscard]] Task* favoured();
  [[nodiscard]] std::string idle_mover() const;
  [[nodiscard]] unsigned movers_of(const std::string& user) const;
  [[nodiscard]] unsigned weight(const std::string& user) const;

  // recover.cpp
  void fold(const ledger::Event& event);
  void fold_lease(const ledger::Event& event);
  void fold_job(const ledger::Event& event);
  void recover(std::uint64_t head);
  void recover(Lease& lease);

  // why.cpp
  [[nodiscard]] double bytes_before(const Task& task) const;
  [[nodiscard]] const Task* short_of_space_before(const Task& task) const;
  [[nodiscard]] Wait why(const Job& job) const;
  [[nodiscard]] Wait why(const GrantRecord& grant) const;
};

[[nodiscard]] Constraint constraint_of(Shortage shortage);
[[nodiscard]] std::string_view group_name(Class group);
[[nodiscard]] std::string place_of_key(const std::string& dataset, const std::string& key,
                                       const std::string& to);

}  // namespace microstage::core
