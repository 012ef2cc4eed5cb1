// Runs worlds around the daemon's core and holds its invariants. Exit status 1: one does not hold; then the
// last lines say how to see it again.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iostream>

#include "tests/sim/run.h"

#ifdef MICROSTAGE_PLANTED_FAULTS
#include "daemon/core/planted.h"
#endif

using namespace microstage;

namespace {

constexpr const char* kUsage =
    "Usage: simulate [--seed N] [--worlds N] [--operations M] [--sections S] [--keys K] [--users U] "
    "[--movers V]\n"
    "                [--faults LIST] [--without NUMBERS] [--story] [--last LINES] [--no-shrink]\n"
    "LIST: all, none, or names with commas, with a minus to leave one out: all,-crash\n";

struct Options {
  sim::Parameters parameters;
  std::uint64_t worlds = 1;
  std::size_t last = 0;
  bool story = false;
  bool shrink = true;
};

[[noreturn]] void usage() {
  std::fputs(kUsage, stderr);
  std::exit(2);
}

std::uint64_t number(const char* text) {
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(text, &end, 10);
  if (end == text || *end != '\0') usage();
  return value;
}

void take(Options& options, const std::string& name, const char* value) {
  sim::Parameters& world = options.parameters;
  if (name == "--seed") {
    world.seed = number(value);
  } else if (name == "--worlds") {
    options.worlds = number(value);
  } else if (name == "--operations") {
    world.operations = number(value);
  } else if (name == "--sections") {
    world.sections = static_cast<unsigned>(number(value));
  } else if (name == "--keys") {
    world.keys = static_cast<unsigned>(number(value));
  } else if (name == "--users") {
    world.users = static_cast<unsigned>(number(value));
  } else if (name == "--movers") {
    world.movers = static_cast<unsigned>(number(value));
  } else if (name == "--last") {
    options.last = number(value);
    options.story = true;
  } else if (name == "--faults") {
    const auto troubles = sim::Troubles::parse(value);
    if (!troubles) usage();
    world.troubles = *troubles;
  } else if (name == "--without") {
    const auto numbers = sim::parse_numbers(value);
    if (!numbers) usage();
    world.without = *numbers;
#ifdef MICROSTAGE_PLANTED_FAULTS
  } else if (name == "--planted") {
    core::planted_fault = static_cast<int>(number(value));
#endif
  } else {
    usage();
  }
}

Options parse(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--story") {
      options.story = true;
    } else if (word == "--no-shrink") {
      options.shrink = false;
    } else if (i + 1 < count) {
      take(options, word, words[++i]);
    } else {
      usage();
    }
  }
  if (options.parameters.sections == 0 || options.parameters.movers == 0 || options.parameters.keys == 0)
    usage();
  return options;
}

// The story, or its last lines.
sim::Outcome story_of(const sim::Parameters& parameters, std::size_t last) {
  std::deque<std::string> lines;
  sim::Outcome outcome = sim::run(parameters, [&](const std::string& line) {
    lines.push_back(line);
    if (last != 0 && lines.size() > last) lines.pop_front();
  });
  for (const std::string& line : lines)
    std::puts(line.c_str());
  return outcome;
}

int show(const Options& options, sim::Parameters world, const std::string& violation) {
  std::printf("violation: %s\nseen again by: %s\n", violation.c_str(), world.command().c_str());
  if (!options.shrink) return 1;
  std::fflush(stdout);
  world = sim::shrink(world, violation, 500);
  std::printf("the story, made short:\n");
  const sim::Outcome outcome = story_of(world, 150);
  std::printf("violation: %s\nseen again by: %s --story\n", outcome.violation.value_or("none").c_str(),
              world.command().c_str());
  return 1;
}

}  // namespace

int main(int count, char** words) {
  const Options options = parse(count, words);
  sim::Parameters world = options.parameters;
  if (options.story) {
    const sim::Outcome outcome = story_of(world, options.last);
    std::printf("violation: %s\n", outcome.violation.value_or("none").c_str());
    return outcome.violation ? 1 : 0;
  }
  std::uint64_t operations = 0;
  std::uint64_t events = 0;
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < options.worlds; ++i, ++world.seed) {
    const sim::Outcome outcome = sim::run(world);
    if (outcome.violation) return show(options, world, *outcome.violation);
    operations += outcome.operations;
    events += outcome.events;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%llu worlds from seed %llu: %llu operations, %llu events, %.1f s, %.0f operations a minute\n",
              static_cast<unsigned long long>(options.worlds),
              static_cast<unsigned long long>(options.parameters.seed),
              static_cast<unsigned long long>(operations), static_cast<unsigned long long>(events), seconds,
              static_cast<double>(operations) / seconds * 60);
  return 0;
}
