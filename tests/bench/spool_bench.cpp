// What a report costs the remote's writing thread, in microseconds of processor time: alone, and in a crowd,
// as of small files. A line each: how many reports a write, and the cost of one.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

#include "lib/control/spool.h"
#include "tests/support/report_samples.h"
#include "tests/support/scratch.h"

namespace {

using namespace microstage;  // NOLINT: a benchmark's own names

double microseconds_of_this_thread() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// The best of many, a report.
double cost(control::Spool& spool, std::size_t at_once) {
  constexpr int kRounds = 300;
  constexpr int kWrites = 20;
  const std::vector<control::Report> reports(at_once, testing::sample_report());
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const double begun = microseconds_of_this_thread();
    for (int i = 0; i < kWrites; ++i)
      if (!spool.append(reports)) return -1;
    best = std::min(best, (microseconds_of_this_thread() - begun) / kWrites / static_cast<double>(at_once));
  }
  return best;
}

}  // namespace

int main() {
  const testing::Scratch scratch;
  control::Spool spool(fs::posix_file_ops(), scratch / "spool", true, {"node1", ::geteuid()});
  for (const std::size_t at_once : {std::size_t{1}, std::size_t{32}})
    std::printf("%zu %.3f\n", at_once, cost(spool, at_once));
}
