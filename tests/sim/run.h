#pragma once
// Runs simulated worlds, and makes the story of a violation short.
//
// Threads: any.

#include <functional>
#include <optional>
#include <string>

#include "tests/sim/parameters.h"
#include "tests/sim/world.h"

namespace microstage::sim {

struct Outcome {
  std::optional<std::string> violation;
  std::uint64_t operations = 0;
  std::uint32_t incidents = 0;
  std::uint64_t events = 0;
};
[[nodiscard]] Outcome run(const Parameters& parameters, World::Tell tell = nullptr);

// A smaller world in which the same goes wrong: fewer troubles, sections, people, operations and incidents.
// `runs`: how many worlds may be tried.
[[nodiscard]] Parameters shrink(const Parameters& parameters, const std::string& violation, unsigned runs);

// The same violation of another run has the same kind: its words without numbers.
[[nodiscard]] std::string kind_of(const std::string& violation);

}  // namespace microstage::sim
