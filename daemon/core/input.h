#pragma once
// What the core is told. Every input may be repeated, late, or from somebody whose lease has ended: the core
// holds, whatever comes. Who may say what has been checked by the caller where it depends on system accounts;
// `manager` says that the actor may act for others.
//
// Threads: values.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/time.h"
#include "lib/core/error.h"
#include "lib/ledger/event.h"

namespace microstage::core {

enum class Action { stage, archive, release, verify };
enum class Priority { normal, urgent, low };

struct WantedDataset {
  std::string dataset;  // DataLad's id
  std::string from;     // tier that is read, or released; empty for verify
  std::string to;       // tier that is written, or verified; empty for release
};

// A request; `request` is chosen by who asks, and the same one again changes nothing while it is open. The
// caller looks in the ledger whether it has been there before.
struct Submit {
  std::string request;
  std::string actor;
  Action action = Action::stage;
  Priority priority = Priority::normal;
  std::vector<WantedDataset> datasets;
  std::optional<Time> deadline;  // when it should be done; not a limit
  Duration pin{};                // after staging; 0: no pin
  std::string note;              // the targets as they were given
};

struct Cancel {
  std::string request;
  std::string actor;
  bool manager = false;
};

// The planner's answer to PlanJob.
struct PlannedTransfer {
  std::string key;
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;
  bool there = false;  // as far as the plan knows; the mover looks
};
struct Planned {
  std::string job;
  std::uint64_t plan = 0;  // of the PlanJob that this answers
  std::vector<PlannedTransfer> transfers;
};
struct PlanFailed {
  std::string job;
  std::uint64_t plan = 0;
  Error error;
};

// A mover is connected and has no work. After a restart of the daemon a mover with a lease sends Heartbeat.
struct MoverIdle {
  std::string mover;
  std::string host;
  std::uint64_t last_token = 0;  // of the last lease that reached it; 0: none
};
struct MoverGone {  // its connection ended; its lease goes on until its deadline
  std::string mover;
};
struct Heartbeat {
  std::string mover;
  std::uint64_t token = 0;
};

// The end of a lease: what the mover found when it looked, and what failed.
struct SeenKey {
  std::string key;
  std::string proof;                      // of the object, as the ledger writes it
  std::optional<std::uint64_t> evidence;  // release: number of the event that proved the other copy
};
struct FailedKey {
  std::string key;
  Error error;
  std::string tier;  // at fault, where that is known
};
struct GiveBack {
  std::string mover;
  std::uint64_t token = 0;
  std::vector<SeenKey> there;  // looked at just now (for release: gone just now, with proof)
  std::vector<FailedKey> failed;
  std::optional<Error> error;  // of the work as a whole: no clone, no store
  std::string tier;            // at fault for `error`, where that is known
};

// A remote asks before it moves a key. `token` is 0 for a person's own git-annex.
struct AskGrant {
  std::uint64_t grant = 0;  // chosen by the caller, never used again
  std::uint64_t token = 0;
  std::string actor;
  std::string dataset;
  std::string key;
  std::uint64_t bytes = 0;
  std::string from;
  std::string to;
  std::optional<Time> until;  // how long it is willing to wait
  bool moving = false;        // it moves already: the daemon was away
};
struct GrantProgress {
  std::uint64_t grant = 0;
  std::uint64_t bytes = 0;  // so far
};
// The end of what was granted; an error of kind `cancelled` says nothing about key or tier.
struct EndGrant {
  std::uint64_t grant = 0;
  std::uint64_t bytes = 0;
  Duration duration{};
  std::optional<Error> error;
  std::string tier;  // at fault, where that is known
  ledger::Event
      report;  // what only the remote knows: verified, host, program, uid, slurm, path, digest, proof
};
struct GrantGone {  // the connection ended
  std::uint64_t grant = 0;
};

struct Pin {
  std::string pin;
  std::string actor;
  std::string dataset;
  std::string tier;
  std::optional<Time> until;
};
struct Unpin {
  std::string pin;
  std::string actor;
  bool manager = false;
};

// A data manager has mended the cause of parked jobs, or wants one of them tried again.
struct Resume {
  std::string job;  // one of the two
  std::string cause;
};

// What a look at a tier showed.
struct TierSeen {
  std::string tier;
  std::uint64_t free_bytes = 0;
  std::uint64_t free_inodes = 0;
};

using Input = std::variant<Submit, Cancel, Planned, PlanFailed, MoverIdle, MoverGone, Heartbeat, GiveBack,
                           AskGrant, GrantProgress, EndGrant, GrantGone, Pin, Unpin, Resume, TierSeen>;

[[nodiscard]] std::string_view name(Action action);
[[nodiscard]] std::optional<Action> action_named(std::string_view name);
[[nodiscard]] std::string_view name(Priority priority);
[[nodiscard]] std::optional<Priority> priority_named(std::string_view name);

}  // namespace microstage::core
