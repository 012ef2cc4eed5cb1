#pragma once
// The states of everything that the daemon keeps track of. states.md shows the tables for people.
//
// Threads: immutable; any.

#include "daemon/core/state_table.h"

namespace microstage::core {

// What somebody asked for.
enum class RequestState { open, done, failed, cancelled };
enum class RequestHappening { all_done, some_failed, cancel };
[[nodiscard]] const StateTable<RequestState, RequestHappening>& request_table();

// One dataset of a request.
enum class JobState { planning, waiting, running, backing_off, parked, done, failed, cancelled };
enum class JobHappening {
  planned,    // its keys and sizes are known
  replan,     // what is there may have changed: look again
  lease,      // a mover works on it
  interrupt,  // the mover gave it back unfinished, through no fault of the job
  fail,       // failed for now, to be tried again later
  due,        // the time to try again has come
  park,       // trying again cannot help until somebody mends the cause
  resume,     // the cause is mended
  complete,   // every wanted key is there, and was looked at
  give_up,    // it cannot be done, or its time is over
  cancel,
};
[[nodiscard]] const StateTable<JobState, JobHappening>& job_table();

// A mover's right to work on a dataset, with a fencing token.
enum class LeaseState { given, yielding, revoking, returned, lost };
enum class LeaseHappening {
  heartbeat,
  yield,   // others need the mover: stop after the key at hand
  revoke,  // stop now
  give_back,
  silence,  // nothing heard until the deadline
};
[[nodiscard]] const StateTable<LeaseState, LeaseHappening>& lease_table();

// A transfer's right to start. Lives in memory only, as long as the connection that asked.
enum class GrantState { waiting, granted, finished, refused, gone };
enum class GrantHappening { grant, refuse, progress, finish, leave, silence };
[[nodiscard]] const StateTable<GrantState, GrantHappening>& grant_table();

// One key on its way, for all jobs that wait for it.
enum class TransferState { wanted, moving, moved, there, backing_off, parked };
enum class TransferHappening {
  start,   // its grant was given
  stop,    // ended without a result: the mover went away
  arrive,  // reported as moved and verified
  see,     // the mover looked: it is there
  miss,    // the mover looked: it is not there
  doubt,   // somebody new wants it: look again
  fail,
  due,
  park,
  resume,
};
[[nodiscard]] const StateTable<TransferState, TransferHappening>& transfer_table();

enum class PinState { active, expired, removed };
enum class PinHappening { expire, remove };
[[nodiscard]] const StateTable<PinState, PinHappening>& pin_table();

enum class ReservationState { held, ended };
enum class ReservationHappening { end };
[[nodiscard]] const StateTable<ReservationState, ReservationHappening>& reservation_table();

[[nodiscard]] std::string_view name(RequestState state);
[[nodiscard]] std::string_view name(JobState state);
[[nodiscard]] std::string_view name(LeaseState state);
[[nodiscard]] std::string_view name(GrantState state);
[[nodiscard]] std::string_view name(TransferState state);

}  // namespace microstage::core
