// Worlds around the core: seeds that are kept, and one that nobody has seen.

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/sim/run.h"
#include "tests/support/catch.h"

using namespace microstage;

namespace {

sim::Parameters world(std::uint64_t seed) {
  sim::Parameters parameters;
  parameters.seed = seed;
  parameters.sections = seed % 3 == 0 ? 200 : seed % 3 == 1 ? 12 : 40;
  parameters.operations = 10'000;
  return parameters;
}

std::uint64_t hold(const sim::Parameters& parameters) {
  const sim::Outcome outcome = sim::run(parameters);
  INFO(parameters.command());
  INFO(outcome.violation.value_or(""));
  CHECK(!outcome.violation);
  return outcome.operations;
}

}  // namespace

TEST_CASE("the invariants hold in worlds that were seen before") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    hold(world(seed));
}

TEST_CASE("the invariants hold in a world that nobody has seen") {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "fresh seed " << seed << "\n";
  for (std::uint64_t i = 0; i < 10; ++i)
    hold(world(seed + i));
}

TEST_CASE("the same seed tells the same story") {
  const auto story = [] {
    std::string all;
    (void)sim::run(world(5), [&](const std::string& line) { all += line + "\n"; });
    return all;
  };
  CHECK(story() == story());
}

TEST_CASE("ten million operations keep the invariants") {
  if (std::getenv("MICROSTAGE_SOAK") == nullptr) {
    std::cout << "SKIP: ten million operations, only with MICROSTAGE_SOAK=1\n";
    return;
  }
  const std::uint64_t seed = std::random_device{}();
  std::cout << "fresh seed " << seed << "\n";
  std::uint64_t operations = 0;
  for (std::uint64_t i = 0; operations < 10'000'000; ++i)
    operations += hold(world(seed + i));
}
