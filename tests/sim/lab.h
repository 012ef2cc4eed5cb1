#pragma once
// Movers of one speed around a core, for measuring the order of work: no troubles but transfers that fail now
// and then. Simulated time, so that the numbers are the same everywhere.
//
// Threads: one at a time.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/core/core.h"
#include "tests/sim/queue.h"
#include "tests/sim/random.h"

namespace microstage::sim {

inline constexpr std::uint64_t kPlaneBytes = 10'000'000'000;
inline constexpr std::uint64_t kPlaneSeconds = 10;  // 1 GB/s for each mover

class Lab {
 public:
  Lab(core::Settings settings, unsigned movers, unsigned planes, unsigned failing_of_thousand);

  // Stages sections `first` … `first + count - 1`.
  void submit(const std::string& request, const std::string& actor, unsigned first, unsigned count);
  void run_until(core::Time time);

  [[nodiscard]] core::Time now() const { return queue_.now(); }
  [[nodiscard]] unsigned done() const { return done_; }
  // When a request ended; nothing while it is open.
  [[nodiscard]] std::optional<core::Time> ended(const std::string& request) const;
  [[nodiscard]] std::uint64_t moved(const std::string& actor) const;

 private:
  struct Worker {
    core::GiveLease lease;
    std::size_t next = 0;
    bool working = false;
    bool ending = false;
    std::uint64_t grant = 0;
    std::vector<std::string> there;
  };
  void tell(const core::Input& input);
  void take(const core::Step& step);
  void go_on(std::uint32_t worker);
  void finish(std::uint32_t worker);

  unsigned planes_;
  unsigned failing_;
  core::Core core_;
  Queue queue_;
  Random random_{7};
  std::vector<Worker> workers_;
  std::vector<core::Planned> plans_;
  std::map<std::uint64_t, std::uint32_t> grants_;
  std::uint64_t last_grant_ = 0;
  std::map<std::string, core::Time> ended_;
  std::map<std::string, std::string> actors_;  // by request
  std::map<std::string, std::uint64_t> moved_;
  unsigned done_ = 0;
};

}  // namespace microstage::sim
