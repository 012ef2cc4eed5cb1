#pragma once
// Why something waits, and when it may go on: the answer to `microstage why`.
//
// Threads: values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/time.h"

namespace microstage::core {

// What keeps it from going on now. If that were otherwise it would go on, or wait for something else.
enum class Constraint {
  none,          // it runs, or has ended
  plan,          // its keys and sizes are being found out
  no_mover,      // no mover is connected
  movers_busy,   // all movers work on what goes before it
  fair_share,    // a mover is busy with, or is kept for, users who had less
  dataset_busy,  // another job works on this dataset
  pinned,        // what it would release is pinned
  wanted,        // what it would release, others are staging
  bytes,         // space on the tier it writes to
  inodes,
  tier_unknown,  // nobody has told yet how much room it has
  tier_resting,  // the tier failed several times in a row, or is unwell
  back_off,      // its last attempt failed; the next one comes later
  parked,        // trying again cannot help until somebody mends the cause
  transfers,     // grants only: as many transfers as the tier bears are under way
  bandwidth,     // grants only: the tier's rate is used up
  same_key,      // grants only: this key is on its way there already
};
[[nodiscard]] std::string_view name(Constraint constraint);

// When something should end. Three of four times it lies within `error` of the truth, as far as the past
// tells.
struct Estimate {
  Duration after{};
  Duration error{};
};

struct Wait {
  Constraint constraint = Constraint::none;
  std::vector<std::string>
      holders;                    // who or what holds it: jobs, pins, tiers, movers; the most important first
  std::string text;               // one line for people: what it waits for, and who has it
  std::string remedy;             // what would change it; empty where there is nothing to do but wait
  std::optional<Estimate> start;  // when it should go on
  std::optional<Estimate> end;    // when it should be done
};

}  // namespace microstage::core
