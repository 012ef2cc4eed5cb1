// Plans many datasets by lib/repo and says what that cost: the planner's side of a comparison with git-annex.
//   plan-datasets [--json] [--threads N] [--rounds N] <LIST     (LIST: a dataset's path a line)
// A line a round: seconds, datasets, keys, bytes, failures, peak memory in KiB. With --json one object a
// dataset instead, with every file's key, size and repositories.

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "daemon/planner/parallel.h"
#include "lib/core/text.h"
#include "lib/repo/plan_cache.h"

using namespace microstage;
using Clock = std::chrono::steady_clock;

namespace {

std::string json_of(const std::string& path, const Result<std::shared_ptr<const repo::SectionPlan>>& result) {
  std::string line = "{\"path\": " + json_string(path);
  if (!result) {
    line += ", \"error\": " + json_string(result.error().message);
    return line + ", \"kind\": " + json_string(name(result.error().kind)) + "}\n";
  }
  const repo::SectionPlan& plan = **result;
  line += ", \"dataset\": " + (plan.dataset ? json_string(plan.dataset->text()) : "null");
  line += ", \"commit\": \"" + plan.commit.hex() + "\", \"files\": [";
  for (const repo::PlannedFile& file : plan.files) {
    const repo::PlannedKey& key = plan.keys[file.key];
    line += (&file == plan.files.data() ? "" : ", ") + ("{\"path\": " + json_string(file.path));
    line += ", \"key\": " + json_string(key.key);
    line += ", \"bytes\": " + (key.bytes ? std::to_string(*key.bytes) : "null");
    line += std::string{", \"unlocked\": "} + (file.unlocked ? "true" : "false") + ", \"at\": [";
    for (const std::uint32_t place : key.repositories)
      line += (place == key.repositories.front() ? "" : ", ") + json_string(plan.repositories[place].uuid);
    line += "]}";
  }
  line += "], \"subdatasets\": [";
  for (const repo::Subdataset& one : plan.subdatasets) {
    line += (&one == plan.subdatasets.data() ? "" : ", ") + ("{\"path\": " + json_string(one.path));
    line += ", \"commit\": \"" + one.commit.hex() + "\", \"dataset\": ";
    line += (one.id ? json_string(one.id->text()) : "null") + "}";
  }
  line += "], \"descriptions\": {";
  for (const repo::AnnexRepository& one : plan.repositories) {
    line += (&one == plan.repositories.data() ? "" : ", ") + json_string(one.uuid) + ": ";
    line += json_string(one.description);
  }
  return line + "}}\n";
}

struct Totals {
  std::atomic<std::uint64_t> keys = 0;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::uint64_t> failures = 0;
};

void plan_all(repo::PlanCache& cache, const std::vector<std::string>& paths, unsigned threads,
              Totals& totals) {
  planner::in_parallel(paths.size(), threads, [&](std::size_t i) {
    const auto plan = cache.plan(paths[i]);
    if (!plan) {
      ++totals.failures;
      std::fprintf(stderr, "%s\n", plan.error().message.c_str());
      return;
    }
    for (const repo::PlannedKey& key : (*plan)->keys)
      totals.bytes += key.bytes.value_or(0);
    totals.keys += (*plan)->keys.size();
  });
}

void print_round(double seconds, std::size_t datasets, const Totals& totals) {
  struct ::rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("%.3f %zu %llu %llu %llu %ld\n", seconds, datasets,
              static_cast<unsigned long long>(totals.keys.load()),
              static_cast<unsigned long long>(totals.bytes.load()),
              static_cast<unsigned long long>(totals.failures.load()), usage.ru_maxrss);
}

}  // namespace

int main(int argc, char** argv) {
  bool json = false;
  unsigned threads = 1;
  int rounds = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--json") json = true;
    if (option == "--threads" && i + 1 < argc) threads = static_cast<unsigned>(std::atoi(argv[++i]));
    if (option == "--rounds" && i + 1 < argc) rounds = std::atoi(argv[++i]);
  }
  std::vector<std::string> paths;
  for (std::string line; std::getline(std::cin, line);)
    paths.push_back(line);
  repo::PlanCache cache(fs::posix_file_ops());
  if (json) {
    for (const std::string& path : paths)
      std::fputs(json_of(path, cache.plan(path)).c_str(), stdout);
    return 0;
  }
  for (int round = 0; round < rounds; ++round) {
    Totals totals;
    const auto start = Clock::now();
    plan_all(cache, paths, threads, totals);
    print_round(std::chrono::duration<double>(Clock::now() - start).count(), paths.size(), totals);
  }
  return 0;
}
