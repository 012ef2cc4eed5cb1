#pragma once
// What the core remembers: requests, jobs, tasks, leases, grants and movers. Internal to daemon/core.
//
// Threads: those of Core.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/core/input.h"
#include "daemon/core/space.h"
#include "daemon/core/states.h"

namespace microstage::core {

struct Dataset;
struct Task;
struct Tier;

struct Request {
  std::string id;
  std::string actor;
  Action action = Action::stage;
  Priority priority = Priority::normal;
  std::optional<Time> deadline;
  Duration pin{};
  Time made{};
  std::size_t open_jobs = 0;
  std::optional<Error> error;  // of the first job that failed
  RequestState state = RequestState::open;
};

struct Job {
  std::string id;
  Request* request = nullptr;
  Task* task = nullptr;
  JobState state = JobState::planning;
  std::uint64_t plan = 0;                // the PlanJob that is awaited
  unsigned plan_attempts = 0;            // that failed in a row
  unsigned attempt = 0;                  // leases that it had
  std::vector<std::uint32_t> transfers;  // places in Task::transfers
  std::optional<Error> error;            // why it backs off or is parked
  Time since{};                          // when it came into its state
  bool promoted = false;                 // its deadline is near
};

struct Transfer {
  std::string key;
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;
  TransferState state = TransferState::wanted;
  unsigned wanted_by = 0;  // jobs
  unsigned attempts = 0;
  bool hopeless = false;  // parked, and nothing could mend it
  Time due{};             // while it backs off
  std::optional<Error> error;
};

enum class Class { release, urgent, stage, archive, verify };

// Where a task stands in the queue of its user; smallest first.
struct Place {
  Class group = Class::stage;
  std::string user;
  int bucket = 0;         // 0: it has begun, and is to be finished
  std::int64_t rank = 0;  // of the begun: bytes left; else the time when it came, later for low priority
  std::uint64_t number = 0;

  bool operator==(const Place&) const = default;
};

// As far as is known: reported, or seen.
[[nodiscard]] inline bool is_there(const Transfer& transfer) {
  return transfer.state == TransferState::moved || transfer.state == TransferState::there;
}

// One action on one dataset, whoever asked for it: what its jobs have in common.
struct Task {
  std::uint64_t number = 0;  // in order of arrival
  std::string dataset;
  Action action = Action::stage;
  std::string from;
  std::string to;
  std::vector<Job*> jobs;  // open ones, in order of arrival
  std::vector<Transfer> transfers;
  std::unordered_map<std::string, std::uint32_t> places;  // of keys in `transfers`
  std::uint64_t lease = 0;                                // its token; 0: none
  std::string reservation;                                // the job in whose name space is held; empty: none
  std::optional<Place> queued;
  Room needs;  // while it is queued: what missing() says
  // Of the names above, so that going through the queue looks nothing up.
  Dataset* home = nullptr;
  Tier* source = nullptr;  // null where there is none
  Tier* target = nullptr;
  std::optional<Time> short_of_space;  // since when
};

struct Lease {
  std::uint64_t token = 0;
  std::string mover;
  std::string job;      // in whose name it was given
  std::string request;  // of that job
  std::string dataset;
  Action action = Action::stage;
  std::string from;
  std::string to;
  std::string user;      // whose share it counts on
  Task* task = nullptr;  // null when its work is over before it is
  LeaseState state = LeaseState::given;
  std::uint64_t gives_way_to = 0;  // the task for which it was asked to yield
  Time given{};
  bool recovered = false;      // given before a restart
  std::set<std::string> work;  // keys that it was to drop or to verify
  double charged = 0;          // bytes that the user's share was charged with, and the group's
  double moved = 0;
  Class group = Class::stage;
};

struct GrantRecord {
  AskGrant ask;
  std::string user;  // whose share it counts on: who wants the section, not the account that moves it
  GrantState state = GrantState::waiting;
  bool adopted = false;
  bool reserves = false;  // its key has a reservation of its own
  Class group = Class::stage;
  std::uint64_t bytes = 0;  // so far
};

struct Mover {
  std::string host;
  bool connected = false;
  bool idle = false;
};

struct PinRecord {
  std::string actor;
  std::string dataset;
  std::string tier;
  std::optional<Time> until;
};

// All of one dataset: no two leases on it at a time.
struct Dataset {
  std::vector<Task*> tasks;
  std::uint64_t lease = 0;
  std::vector<std::string> pins;
};

}  // namespace microstage::core
