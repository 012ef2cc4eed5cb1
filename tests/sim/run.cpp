#include "tests/sim/run.h"

#include <algorithm>
#include <cctype>

namespace microstage::sim {
namespace {

class Shrinker {
 public:
  Shrinker(Parameters start, std::string kind, unsigned runs)
      : best_(std::move(start)), kind_(std::move(kind)), runs_(runs) {}

  Parameters shrink() {
    cut();
    for (bool better = true; better && runs_ != 0;) {
      better = fewer_troubles();
      better |= smaller(&Parameters::sections, 1) || smaller(&Parameters::users, 1) ||
                smaller(&Parameters::movers, 1) || smaller(&Parameters::keys, 1);
    }
    fewer_operations();
    fewer_incidents();
    return best_;
  }

 private:
  // Takes `candidate` if the same goes wrong there, with its seed or one of the next.
  bool accept(Parameters candidate, unsigned seeds) {
    for (unsigned i = 0; i < seeds && runs_ != 0; ++i, ++candidate.seed) {
      --runs_;
      const Outcome outcome = run(candidate);
      if (!outcome.violation || kind_of(*outcome.violation) != kind_) continue;
      if (candidate.without.size() > best_.without.size() && outcome.operations > length_) continue;
      best_ = std::move(candidate);
      incidents_ = outcome.incidents;
      length_ = outcome.operations;
      best_.operations = std::min(best_.operations, length_);
      return true;
    }
    return false;
  }
  // As long as it takes and no longer.
  void cut() { accept(best_, 1); }

  bool fewer_troubles() {
    bool better = false;
    for (unsigned i = 0; i < kTroubles; ++i) {
      Parameters candidate = best_;
      candidate.troubles.set(static_cast<Trouble>(i), false);
      if (candidate.troubles != best_.troubles) better |= accept(std::move(candidate), 3);
    }
    return better;
  }

  bool smaller(unsigned Parameters::*number, unsigned least) {
    bool better = false;
    for (unsigned to = best_.*number / 2; to >= least; to = best_.*number / 2) {
      Parameters candidate = best_;
      candidate.*number = to;
      if (!accept(std::move(candidate), 6)) break;
      better = true;
    }
    return better;
  }

  // Another seed may come to it sooner.
  void fewer_operations() {
    for (unsigned tries = 0; tries < 8 && runs_ != 0; ++tries) {
      Parameters candidate = best_;
      candidate.operations = best_.operations / 2;
      candidate.seed += tries;
      if (accept(candidate, 4)) tries = 0;
    }
  }

  void fewer_incidents() {
    for (std::uint32_t chunk = std::max(incidents_ / 2, 1U); runs_ != 0; chunk /= 2) {
      for (std::uint32_t first = 1; first <= incidents_ && runs_ != 0; first += chunk)
        leave_out(first, first + chunk);
      if (chunk == 1) break;
    }
  }
  void leave_out(std::uint32_t first, std::uint32_t end) {
    Parameters candidate = best_;
    for (std::uint32_t i = first; i < end; ++i)
      candidate.without.push_back(i);
    std::sort(candidate.without.begin(), candidate.without.end());
    candidate.without.erase(std::unique(candidate.without.begin(), candidate.without.end()),
                            candidate.without.end());
    if (candidate.without.size() > best_.without.size()) accept(std::move(candidate), 1);
  }

  Parameters best_;
  std::string kind_;
  unsigned runs_;
  std::uint32_t incidents_ = 0;
  std::uint64_t length_ = 0;
};

}  // namespace

Outcome run(const Parameters& parameters, World::Tell tell) {
  Outcome outcome;
  World world(parameters, std::move(tell));
  try {
    world.run();
  } catch (const Violation& violation) {
    outcome.violation = violation.what();
  }
  outcome.operations = world.operations();
  outcome.incidents = world.incidents();
  outcome.events = world.events();
  return outcome;
}

Parameters shrink(const Parameters& parameters, const std::string& violation, unsigned runs) {
  return Shrinker(parameters, kind_of(violation), runs).shrink();
}

std::string kind_of(const std::string& violation) {
  std::string kind;
  for (const char letter : violation.substr(0, violation.find(';')))
    if (std::isdigit(static_cast<unsigned char>(letter)) == 0) kind += letter;
  return kind.substr(0, kind.find('\n'));
}

}  // namespace microstage::sim
