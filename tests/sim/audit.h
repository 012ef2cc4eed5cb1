#pragma once
// The invariants, looked at after every step and only as far as the step reaches. Knows what the core was
// told and what it answered; takes from the world only what is really there.
//
// Threads: one at a time.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/core/core.h"
#include "tests/sim/physical.h"
#include "tests/sim/view.h"

namespace microstage::sim {

class Audit {
 public:
  Audit(const Physical& physical, const core::Settings& settings);

  // All throw Violation.
  void before(const core::Input& input, core::Time now);
  // `input`: null for a tick.
  void after(const core::Step& step, const core::Input* input, core::Time now);
  // The daemon died; the ledger has what is left.
  void restarted(const LedgerModel& ledger);
  void deadline(const std::optional<core::Time>& next, core::Time now);
  // Whether what the core says about a job is so.
  void question(const core::Core& core, const std::string& job, core::Time now);

  [[nodiscard]] const View& view() const { return view_; }
  // Bytes that each user's transfers were granted: what fair shares are measured by.
  [[nodiscard]] const std::unordered_map<std::string, std::uint64_t>& granted() const { return granted_; }

 private:
  struct SeenGrant {
    std::uint64_t token = 0;
    std::uint64_t bytes = 0;
    std::string actor;
    std::uint32_t section = 0;
    std::uint32_t key = 0;
    Place from = kNowhere;
    Place to = kNowhere;
    core::Time sign;  // of life, the last
    bool granted = false;
    bool adopted = false;
  };
  struct Budget {  // of a tier with a rate
    double level = 0;
    core::Time since;
  };
  enum class Word { seen, planned, reported };
  struct SeenMover {
    bool connected = false;
    bool idle = false;
  };
  struct Room {  // of a tier, as the core was told, and what was written since
    bool known = false;
    std::uint64_t bytes = 0;
    std::uint64_t inodes = 0;
    std::uint64_t written = 0;
    std::uint64_t files = 0;
  };
  struct Plan {
    std::uint64_t number = 0;
    std::optional<std::vector<std::uint32_t>> keys;  // once answered
  };

  void note(const core::AskGrant& ask, core::Time now);
  void note(const core::GiveBack& back);
  void note(const core::Planned& planned);
  void effect(const core::PlanJob& plan);
  void effect(const core::GiveLease& lease);
  void effect(const core::Grant& grant, core::Time now);
  void fenced(const core::Step& step, const core::Input& input) const;
  [[nodiscard]] bool holds(const SeenGrant& grant, core::Time now) const;
  void hold_limits(std::uint64_t number, SeenGrant& grant, Place place, core::Time now);
  void spend(Place place, std::uint64_t bytes, core::Time now);
  void job_done(const std::string& name, const SeenJob& job);
  void reservation(const ledger::Event& event);
  void written(const ledger::Event& event);
  void known(std::uint32_t section, std::uint32_t key, Place place, bool there, Word word = Word::seen);
  void ended_things(const core::Step& step);
  void pins_hold(const core::Step& step);
  void untrue(const core::Wait& wait, const std::string& job, const char* why) const;
  void constraint_true(const core::Wait& wait, const std::string& name, const SeenJob& job) const;

  const Physical& physical_;
  const core::Settings& settings_;
  View view_;
  std::unordered_map<std::uint64_t, SeenGrant> grants_;
  std::array<std::vector<std::uint64_t>, 3> held_;
  std::array<Budget, 3> budgets_;
  std::unordered_map<std::string, Plan> plans_;
  std::unordered_map<std::string, SeenMover> movers_;
  std::array<Room, 2> rooms_;
  std::vector<std::vector<std::array<std::uint64_t, 2>>>
      looked_;                                           // section, key, what was seen: at which step
  std::unordered_map<std::string, std::uint64_t> made_;  // jobs: at which step
  std::unordered_set<std::uint64_t> stopped_;            // leases that were told to end
  std::uint64_t steps_ = 0;
  std::vector<std::vector<std::array<bool, 2>>> known_;  // section, key, place: there, as far as was told
  std::unordered_map<std::string, std::uint64_t> granted_;
  std::optional<std::uint64_t> fenced_;  // the dead token of the input at hand
  core::Time last_deadline_;
  unsigned same_deadline_ = 0;
};

}  // namespace microstage::sim
