// What the order of work is worth: sections complete in limited time, shares of users, and a small request
// beside two very large ones. Simulated time.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <iostream>

#include "tests/sim/lab.h"
#include "tests/support/catch.h"

using namespace microstage;
using namespace std::chrono_literals;

namespace {

constexpr unsigned kMovers = 8;
constexpr unsigned kPlanes = 29;
constexpr unsigned kSections = 190;
constexpr unsigned kFailing = 50;  // of a thousand transfers

// A queue of transfers in the order in which they were asked for; what fails goes to its end.
unsigned complete_by_fifo(core::Duration window) {
  struct One {
    unsigned section;
  };
  std::deque<One> queue;
  for (unsigned section = 0; section < kSections; ++section) {
    for (unsigned plane = 0; plane < kPlanes; ++plane)
      queue.push_back({section});
  }
  std::vector<unsigned> there(kSections);
  sim::Random random(7);
  const auto rounds = static_cast<unsigned>(window / std::chrono::seconds(sim::kPlaneSeconds));
  for (unsigned i = 0; i < rounds * kMovers && !queue.empty(); ++i) {
    const One one = queue.front();
    queue.pop_front();
    if (random.of_thousand(kFailing)) {
      queue.push_back(one);
    } else {
      ++there[one.section];
    }
  }
  return static_cast<unsigned>(std::count(there.begin(), there.end(), kPlanes));
}

core::Duration time_of_a_section(unsigned large) {
  sim::Lab lab({}, kMovers, kPlanes, 0);
  if (large != 0) {
    lab.submit("a", "alice", 0, large);
    lab.submit("b", "bob", large, large);
    lab.run_until(lab.now() + 1h);
  }
  const core::Time start = lab.now();
  lab.submit("c", "carol", 2 * large, 1);
  for (unsigned i = 0; i < 1000 && !lab.ended("c"); ++i)
    lab.run_until(lab.now() + 1s);
  REQUIRE(lab.ended("c"));
  return *lab.ended("c") - start;
}

}  // namespace

TEST_CASE("finishing what was begun completes more sections than a plain queue") {
  constexpr core::Duration window = 1h;  // a little more than half of what all would take
  sim::Lab lab({}, kMovers, kPlanes, kFailing);
  lab.submit("all", "alice", 0, kSections);
  lab.run_until(lab.now() + window);
  const unsigned fifo = complete_by_fifo(window);
  std::cout << "complete sections: " << lab.done() << ", by a plain queue: " << fifo << "\n";
  CHECK(lab.done() * 2 >= fifo * 3);
  CHECK(lab.done() * 100 >= kSections * 45);
}

TEST_CASE("users get what their weights say") {
  core::Settings settings;
  settings.weights["carol"] = 2;
  sim::Lab lab(settings, kMovers, kPlanes, 0);
  lab.submit("a", "alice", 0, 800);
  lab.submit("b", "bob", 1000, 800);
  lab.submit("c", "carol", 2000, 800);
  lab.run_until(lab.now() + 8h);
  const double all = static_cast<double>(lab.moved("alice") + lab.moved("bob") + lab.moved("carol"));
  for (const auto& [user, part] : {std::pair{"alice", 0.25}, {"bob", 0.25}, {"carol", 0.5}}) {
    const double share = static_cast<double>(lab.moved(user)) / all;
    std::cout << user << ": " << share << " of all bytes\n";
    CHECK(std::abs(share - part) < 0.05 * part);
  }
}

TEST_CASE("a section waits little beside two users' petabytes") {
  const bool soak = std::getenv("MICROSTAGE_SOAK") != nullptr;
  const unsigned each = soak ? 14'000 : 1'000;  // sections of 290 GB: 8 PB in all
  const core::Duration alone = time_of_a_section(0);
  const core::Duration beside = time_of_a_section(each);
  std::cout << "a section alone: " << alone / 1s << " s, beside " << 2 * each
            << " sections of two users: " << beside / 1s << " s\n";
  CHECK(beside * 10 < alone * 11);
}
