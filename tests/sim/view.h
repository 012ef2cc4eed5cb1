#pragma once
// What the events say is going on: kept beside the core, and held against its state tables with every event.
//
// Threads: one at a time.

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/core/input.h"
#include "daemon/core/states.h"
#include "lib/ledger/event.h"
#include "tests/sim/ledger_model.h"
#include "tests/sim/physical.h"

namespace microstage::sim {

// An invariant does not hold.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct SeenJob {
  std::string request;
  std::uint32_t section = 0;
  core::Action action = core::Action::stage;
  Place from = kNowhere;
  Place to = kNowhere;
  core::JobState state = core::JobState::planning;
  std::size_t place_in_list = 0;
};

struct SeenReservation {
  std::uint32_t section = 0;
  Place place = kNowhere;
  std::uint64_t bytes = 0;  // not yet written
  std::uint64_t inodes = 0;
};

struct SeenLease {
  std::string job;
  std::uint32_t section = 0;
  core::Action action = core::Action::stage;
  Place from = kNowhere;
  Place to = kNowhere;
};

struct SeenRequest {
  std::string actor;
  unsigned jobs = 0;
  unsigned open_jobs = 0;
  unsigned bad_jobs = 0;
};

struct SeenPin {
  std::uint32_t section = 0;
  Place place = kNowhere;
};

class View {
 public:
  explicit View(std::size_t sections) : pins_on_(sections * 2), lease_on_(sections) {}

  // After a restart: what the ledger has.
  void start_again(const LedgerModel& ledger);

  // Throws Violation.
  void apply(const ledger::Event& event);
  // So much of what is reserved there for the section is used now.
  // Returns whether anything is.
  bool written(std::uint32_t section, Place place, std::uint64_t bytes);

  [[nodiscard]] const SeenJob* job(const std::string& name) const;
  [[nodiscard]] const SeenRequest* request(const std::string& name) const;
  [[nodiscard]] const std::unordered_map<std::string, SeenJob>& jobs() const { return jobs_; }
  [[nodiscard]] const std::unordered_map<std::string, SeenRequest>& requests() const { return requests_; }
  [[nodiscard]] const std::unordered_map<std::string, SeenPin>& pins() const { return pins_; }
  // Open jobs, to choose from.
  [[nodiscard]] const std::vector<const std::string*>& job_list() const { return job_list_; }
  [[nodiscard]] bool live(std::uint64_t token) const { return leases_.contains(token); }
  [[nodiscard]] const SeenLease* lease(std::uint64_t token) const;
  [[nodiscard]] std::size_t live_leases() const { return leases_.size(); }
  [[nodiscard]] std::uint64_t lease_on(std::uint32_t section) const { return lease_on_[section]; }
  [[nodiscard]] bool pinned(std::uint32_t section, Place place) const {
    return place < 2 && pins_on_[section * 2 + place] != 0;
  }
  [[nodiscard]] const std::unordered_map<std::string, SeenReservation>& reservations() const {
    return reservations_;
  }

 private:
  void made(const ledger::Event& event);
  void changed(const ledger::Event& event);
  void ended(const ledger::Event& event);
  void request_ended(const ledger::Event& event);
  void lease_given(const ledger::Event& event);
  void lease_ended(const ledger::Event& event);
  void reserve(const ledger::Event& event);
  void unreserve(const ledger::Event& event);
  void pin(const ledger::Event& event);
  void close(const ledger::Event& event);
  SeenJob& open_job(const ledger::Event& event);
  void move_to(SeenJob& job, core::JobState state, const ledger::Event& event);
  void count_lease(std::uint64_t token, std::string job, std::uint32_t section);

  std::unordered_map<std::string, SeenRequest> requests_;
  std::unordered_map<std::string, SeenJob> jobs_;
  std::vector<const std::string*> job_list_;
  std::unordered_map<std::uint64_t, SeenLease> leases_;
  std::unordered_map<std::string, SeenPin> pins_;
  std::vector<unsigned> pins_on_;
  std::vector<std::uint64_t> lease_on_;
  std::unordered_map<std::string, SeenReservation> reservations_;
  std::unordered_set<std::string> closed_;
  std::uint64_t greatest_token_ = 0;
  bool restarting_ = false;
};

}  // namespace microstage::sim
