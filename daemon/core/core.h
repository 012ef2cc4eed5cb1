#pragma once
// The mind of the daemon: what is asked for, what is there, who may move what when. It does no I/O and has no
// clock: inputs and the time go in, events for the ledger and effects come out. After a restart it is told
// the events of what is open, and goes on.
//
//   request  what somebody asked: jobs
//   job      one dataset of a request. Jobs of the same dataset and action share their transfers: a key that
//   two
//            wait for moves once
//   lease    a mover works on one dataset; no two on the same
//   grant    a remote moves one key
//
// Order: release before everything, then urgent, stage, archive and verify by weights; within a class users
// by fair share; of one user the nearly complete first, then by time (docs: states.md).
//
// Threads: one at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/input.h"
#include "daemon/core/settings.h"
#include "daemon/core/states.h"
#include "daemon/core/step.h"
#include "daemon/core/wait.h"

namespace microstage::core {

struct JobView {
  std::string request;
  std::string job;
  std::string dataset;
  std::string actor;
  Action action = Action::stage;
  JobState state = JobState::planning;
  std::uint64_t bytes = 0;  // of all its keys, once planned
  std::uint64_t inodes = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes_there = 0;
  std::uint64_t files_there = 0;
  unsigned attempt = 0;
  std::string cause;  // why it is parked or backs off
};

// A lease or grant as it stands: what `status` shows, and what tests hold against the limits.
struct LeaseView {
  std::uint64_t token = 0;
  std::string mover;
  std::string dataset;
  LeaseState state = LeaseState::given;
};
struct GrantView {
  std::uint64_t grant = 0;
  std::uint64_t token = 0;
  std::string dataset;
  std::string key;
  std::string from;
  std::string to;
  GrantState state = GrantState::waiting;
  bool adopted = false;  // it moved already when it asked: limits do not hold it
};

class Core {
 public:
  // `seed` is for jitter only.
  Core(Settings settings, std::uint64_t seed);
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;
  ~Core();

  // After a restart: every event of what is open (of each at least the one that opened it and the last that
  // changed it), in the order of the ledger, then recover once. `head` is the number of the ledger's last
  // event: tokens begin above it, and so above all that were given before, for each was an event.
  void fold(const ledger::Event& event);
  [[nodiscard]] Step recover(Time now, std::uint64_t head);

  [[nodiscard]] Step handle(const Input& input, Time now);
  // What is due. The caller calls it when next_deadline has come; earlier does no harm.
  [[nodiscard]] Step tick(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;

  // Settings may change while it runs; what is under way stays.
  void configure(Settings settings);

  // Why a job or a grant waits. Nothing for what is not open.
  [[nodiscard]] std::optional<Wait> why(std::string_view job, Time now) const;
  [[nodiscard]] std::optional<Wait> why_grant(std::uint64_t grant, Time now) const;

  [[nodiscard]] std::optional<JobView> job(std::string_view job) const;
  [[nodiscard]] std::vector<JobView> jobs_of(std::string_view request) const;
  [[nodiscard]] std::vector<std::string> open_requests() const;
  [[nodiscard]] std::vector<LeaseView> leases() const;
  [[nodiscard]] std::vector<GrantView> grants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace microstage::core
