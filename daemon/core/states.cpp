#include "daemon/core/states.h"

#include <array>

namespace microstage::core {
namespace {

template <class State, class Happening, std::size_t States, std::size_t Names, std::size_t Transitions>
StateTable<State, Happening> table(std::string_view name, const std::array<StateSpec<State>, States>& states,
                                   const std::array<std::string_view, Names>& happenings,
                                   const std::array<Transition<State, Happening>, Transitions>& transitions) {
  return {name, states, happenings, transitions};
}

constexpr std::array kRequestStates{
    StateSpec<RequestState>{RequestState::open, "open", "its jobs", "the longest time a request may take"},
    StateSpec<RequestState>{RequestState::done, "done", "", ""},
    StateSpec<RequestState>{RequestState::failed, "failed", "", ""},
    StateSpec<RequestState>{RequestState::cancelled, "cancelled", "", ""},
};
constexpr std::array<std::string_view, 3> kRequestHappenings{"all-done", "some-failed", "cancel"};
constexpr std::array kRequestTransitions{
    Transition<RequestState, RequestHappening>{RequestState::open, RequestHappening::all_done,
                                               RequestState::done},
    Transition<RequestState, RequestHappening>{RequestState::open, RequestHappening::some_failed,
                                               RequestState::failed},
    Transition<RequestState, RequestHappening>{RequestState::open, RequestHappening::cancel,
                                               RequestState::cancelled},
};

constexpr std::array kJobStates{
    StateSpec<JobState>{JobState::planning, "planning", "the planner", "the time-out of a plan: asked again"},
    StateSpec<JobState>{JobState::waiting, "waiting", "the scheduler", "the longest time a request may take"},
    StateSpec<JobState>{JobState::running, "running", "its mover", "the end of the lease"},
    StateSpec<JobState>{JobState::backing_off, "backing-off", "the scheduler",
                        "the time of the next attempt"},
    StateSpec<JobState>{JobState::parked, "parked", "a data manager", "the longest time in parking: fails"},
    StateSpec<JobState>{JobState::done, "done", "", ""},
    StateSpec<JobState>{JobState::failed, "failed", "", ""},
    StateSpec<JobState>{JobState::cancelled, "cancelled", "", ""},
};
using JobTransition = Transition<JobState, JobHappening>;
constexpr std::array<std::string_view, 11> kJobHappenings{"planned",  "replan",  "lease", "interrupt",
                                                          "fail",     "due",     "park",  "resume",
                                                          "complete", "give-up", "cancel"};
constexpr std::array kJobTransitions{
    JobTransition{JobState::planning, JobHappening::planned, JobState::waiting},
    JobTransition{JobState::planning, JobHappening::fail, JobState::backing_off},
    JobTransition{JobState::planning, JobHappening::park, JobState::parked},
    JobTransition{JobState::planning, JobHappening::give_up, JobState::failed},
    JobTransition{JobState::planning, JobHappening::cancel, JobState::cancelled},

    JobTransition{JobState::waiting, JobHappening::lease, JobState::running},
    JobTransition{JobState::waiting, JobHappening::replan, JobState::planning},
    JobTransition{JobState::waiting, JobHappening::fail, JobState::backing_off},
    JobTransition{JobState::waiting, JobHappening::park, JobState::parked},
    JobTransition{JobState::waiting, JobHappening::complete, JobState::done},
    JobTransition{JobState::waiting, JobHappening::give_up, JobState::failed},
    JobTransition{JobState::waiting, JobHappening::cancel, JobState::cancelled},

    JobTransition{JobState::running, JobHappening::interrupt, JobState::waiting},
    JobTransition{JobState::running, JobHappening::replan, JobState::planning},
    JobTransition{JobState::running, JobHappening::fail, JobState::backing_off},
    JobTransition{JobState::running, JobHappening::park, JobState::parked},
    JobTransition{JobState::running, JobHappening::complete, JobState::done},
    JobTransition{JobState::running, JobHappening::give_up, JobState::failed},
    JobTransition{JobState::running, JobHappening::cancel, JobState::cancelled},

    JobTransition{JobState::backing_off, JobHappening::due, JobState::waiting},
    JobTransition{JobState::backing_off, JobHappening::replan, JobState::planning},
    JobTransition{JobState::backing_off, JobHappening::park, JobState::parked},
    JobTransition{JobState::backing_off, JobHappening::complete, JobState::done},
    JobTransition{JobState::backing_off, JobHappening::give_up, JobState::failed},
    JobTransition{JobState::backing_off, JobHappening::cancel, JobState::cancelled},

    JobTransition{JobState::parked, JobHappening::resume, JobState::planning},
    JobTransition{JobState::parked, JobHappening::complete, JobState::done},
    JobTransition{JobState::parked, JobHappening::give_up, JobState::failed},
    JobTransition{JobState::parked, JobHappening::cancel, JobState::cancelled},
};

constexpr std::array kLeaseStates{
    StateSpec<LeaseState>{LeaseState::given, "given", "the mover", "the heartbeat"},
    StateSpec<LeaseState>{LeaseState::yielding, "yielding", "the mover", "the heartbeat"},
    StateSpec<LeaseState>{LeaseState::revoking, "revoking", "the mover", "the heartbeat"},
    StateSpec<LeaseState>{LeaseState::returned, "returned", "", ""},
    StateSpec<LeaseState>{LeaseState::lost, "lost", "", ""},
};
using LeaseTransition = Transition<LeaseState, LeaseHappening>;
constexpr std::array<std::string_view, 5> kLeaseHappenings{"heartbeat", "yield", "revoke", "give-back",
                                                           "silence"};
constexpr std::array kLeaseTransitions{
    LeaseTransition{LeaseState::given, LeaseHappening::heartbeat, LeaseState::given},
    LeaseTransition{LeaseState::given, LeaseHappening::yield, LeaseState::yielding},
    LeaseTransition{LeaseState::given, LeaseHappening::revoke, LeaseState::revoking},
    LeaseTransition{LeaseState::given, LeaseHappening::give_back, LeaseState::returned},
    LeaseTransition{LeaseState::given, LeaseHappening::silence, LeaseState::lost},
    LeaseTransition{LeaseState::yielding, LeaseHappening::heartbeat, LeaseState::yielding},
    LeaseTransition{LeaseState::yielding, LeaseHappening::revoke, LeaseState::revoking},
    LeaseTransition{LeaseState::yielding, LeaseHappening::give_back, LeaseState::returned},
    LeaseTransition{LeaseState::yielding, LeaseHappening::silence, LeaseState::lost},
    LeaseTransition{LeaseState::revoking, LeaseHappening::heartbeat, LeaseState::revoking},
    LeaseTransition{LeaseState::revoking, LeaseHappening::give_back, LeaseState::returned},
    LeaseTransition{LeaseState::revoking, LeaseHappening::silence, LeaseState::lost},
};

constexpr std::array kGrantStates{
    StateSpec<GrantState>{GrantState::waiting, "waiting", "the scheduler",
                          "how long who asked is willing to wait"},
    StateSpec<GrantState>{GrantState::granted, "granted", "the remote", "the last sign of progress"},
    StateSpec<GrantState>{GrantState::finished, "finished", "", ""},
    StateSpec<GrantState>{GrantState::refused, "refused", "", ""},
    StateSpec<GrantState>{GrantState::gone, "gone", "", ""},
};
using GrantTransition = Transition<GrantState, GrantHappening>;
constexpr std::array<std::string_view, 6> kGrantHappenings{"grant",  "refuse", "progress",
                                                           "finish", "leave",  "silence"};
constexpr std::array kGrantTransitions{
    GrantTransition{GrantState::waiting, GrantHappening::grant, GrantState::granted},
    GrantTransition{GrantState::waiting, GrantHappening::refuse, GrantState::refused},
    GrantTransition{GrantState::waiting, GrantHappening::leave, GrantState::gone},
    GrantTransition{GrantState::granted, GrantHappening::progress, GrantState::granted},
    GrantTransition{GrantState::granted, GrantHappening::finish, GrantState::finished},
    GrantTransition{GrantState::granted, GrantHappening::leave, GrantState::gone},
    GrantTransition{GrantState::granted, GrantHappening::silence, GrantState::gone},
};

constexpr std::array kTransferStates{
    StateSpec<TransferState>{TransferState::wanted, "wanted", "the scheduler", "that of its job"},
    StateSpec<TransferState>{TransferState::moving, "moving", "the remote", "that of its grant and lease"},
    StateSpec<TransferState>{TransferState::moved, "moved", "the mover, which looks", "that of the lease"},
    StateSpec<TransferState>{TransferState::there, "there", "its job", "that of its job"},
    StateSpec<TransferState>{TransferState::backing_off, "backing-off", "the scheduler", "the next attempt"},
    StateSpec<TransferState>{TransferState::parked, "parked", "a data manager", "that of its job"},
};
using TransferTransition = Transition<TransferState, TransferHappening>;
constexpr std::array<std::string_view, 10> kTransferHappenings{"start", "stop", "arrive", "see",  "miss",
                                                               "doubt", "fail", "due",    "park", "resume"};
constexpr std::array kTransferTransitions{
    TransferTransition{TransferState::wanted, TransferHappening::start, TransferState::moving},
    TransferTransition{TransferState::wanted, TransferHappening::arrive, TransferState::moved},
    TransferTransition{TransferState::wanted, TransferHappening::see, TransferState::there},
    TransferTransition{TransferState::wanted, TransferHappening::miss, TransferState::wanted},
    TransferTransition{TransferState::wanted, TransferHappening::fail, TransferState::backing_off},
    TransferTransition{TransferState::wanted, TransferHappening::park, TransferState::parked},

    TransferTransition{TransferState::moving, TransferHappening::stop, TransferState::wanted},
    TransferTransition{TransferState::moving, TransferHappening::arrive, TransferState::moved},
    TransferTransition{TransferState::moving, TransferHappening::see, TransferState::there},
    TransferTransition{TransferState::moving, TransferHappening::miss, TransferState::wanted},
    TransferTransition{TransferState::moving, TransferHappening::fail, TransferState::backing_off},
    TransferTransition{TransferState::moving, TransferHappening::park, TransferState::parked},

    TransferTransition{TransferState::moved, TransferHappening::see, TransferState::there},
    TransferTransition{TransferState::moved, TransferHappening::miss, TransferState::wanted},
    TransferTransition{TransferState::moved, TransferHappening::fail, TransferState::backing_off},
    TransferTransition{TransferState::moved, TransferHappening::park, TransferState::parked},

    TransferTransition{TransferState::there, TransferHappening::see, TransferState::there},
    TransferTransition{TransferState::there, TransferHappening::miss, TransferState::wanted},
    TransferTransition{TransferState::there, TransferHappening::doubt, TransferState::moved},

    TransferTransition{TransferState::backing_off, TransferHappening::due, TransferState::wanted},
    TransferTransition{TransferState::backing_off, TransferHappening::see, TransferState::there},
    TransferTransition{TransferState::backing_off, TransferHappening::arrive, TransferState::moved},
    TransferTransition{TransferState::backing_off, TransferHappening::park, TransferState::parked},

    TransferTransition{TransferState::parked, TransferHappening::resume, TransferState::wanted},
    TransferTransition{TransferState::parked, TransferHappening::see, TransferState::there},
};

constexpr std::array kPinStates{
    StateSpec<PinState>{PinState::active, "active", "who made it", "its end"},
    StateSpec<PinState>{PinState::expired, "expired", "", ""},
    StateSpec<PinState>{PinState::removed, "removed", "", ""},
};
constexpr std::array<std::string_view, 2> kPinHappenings{"expire", "remove"};
constexpr std::array kPinTransitions{
    Transition<PinState, PinHappening>{PinState::active, PinHappening::expire, PinState::expired},
    Transition<PinState, PinHappening>{PinState::active, PinHappening::remove, PinState::removed},
};

constexpr std::array kReservationStates{
    StateSpec<ReservationState>{ReservationState::held, "held", "its job", "the end of its job"},
    StateSpec<ReservationState>{ReservationState::ended, "ended", "", ""},
};
constexpr std::array<std::string_view, 1> kReservationHappenings{"end"};
constexpr std::array kReservationTransitions{
    Transition<ReservationState, ReservationHappening>{ReservationState::held, ReservationHappening::end,
                                                       ReservationState::ended},
};

}  // namespace

const StateTable<RequestState, RequestHappening>& request_table() {
  static const auto it = table("request", kRequestStates, kRequestHappenings, kRequestTransitions);
  return it;
}

const StateTable<JobState, JobHappening>& job_table() {
  static const auto it = table("job", kJobStates, kJobHappenings, kJobTransitions);
  return it;
}

const StateTable<LeaseState, LeaseHappening>& lease_table() {
  static const auto it = table("lease", kLeaseStates, kLeaseHappenings, kLeaseTransitions);
  return it;
}

const StateTable<GrantState, GrantHappening>& grant_table() {
  static const auto it = table("grant", kGrantStates, kGrantHappenings, kGrantTransitions);
  return it;
}

const StateTable<TransferState, TransferHappening>& transfer_table() {
  static const auto it = table("transfer", kTransferStates, kTransferHappenings, kTransferTransitions);
  return it;
}

const StateTable<PinState, PinHappening>& pin_table() {
  static const auto it = table("pin", kPinStates, kPinHappenings, kPinTransitions);
  return it;
}

const StateTable<ReservationState, ReservationHappening>& reservation_table() {
  static const auto it =
      table("reservation", kReservationStates, kReservationHappenings, kReservationTransitions);
  return it;
}

std::string_view name(RequestState state) {
  return request_table().spec(state).name;
}
std::string_view name(JobState state) {
  return job_table().spec(state).name;
}
std::string_view name(LeaseState state) {
  return lease_table().spec(state).name;
}
std::string_view name(GrantState state) {
  return grant_table().spec(state).name;
}
std::string_view name(TransferState state) {
  return transfer_table().spec(state).name;
}

}  // namespace microstage::core
