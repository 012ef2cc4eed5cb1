// The ledger's figures as one JSON object: rates in group commit and of single commits, size, the median and
// the slowest of many point queries in milliseconds, seconds to verify. tests/bench/run compares them with
// their goals.
//
//   ledger_bench DIRECTORY EVENTS

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <semaphore>
#include <thread>
#include <vector>

#include "lib/ledger/commit_queue.h"
#include "lib/ledger/reader.h"
#include "lib/ledger/verify.h"
#include "tests/support/ledger_load.h"

namespace {

using namespace microstage;
using namespace microstage::ledger;
using Clock = std::chrono::steady_clock;

template <class T>
T take(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "ledger_bench: %s\n", result.error().message.c_str());
  std::exit(1);
}

double seconds_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of the calling thread: what the machine's other work has no part in.
double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// One thread submits events one by one, at most this many not yet acknowledged; another commits.
constexpr std::ptrdiff_t kOutstanding = 2000;

// Returns the processor time of the committing thread.
double fill(Ledger& ledger, std::uint64_t events) {
  CommitQueue queue(ledger);
  std::counting_semaphore<kOutstanding> room(kOutstanding);
  double processor = 0;
  std::thread committer([&] {
    while (queue.commit_next()) {
    }
    processor = processor_seconds();
  });
  testing::LedgerLoad load;
  for (std::uint64_t i = 0; i < events; ++i) {
    room.acquire();
    queue.submit({load.next()}, [&](const Result<Head>& head) {
      take(head);
      room.release();
    });
  }
  queue.stop();
  committer.join();
  return processor;
}

// For scale: each event in a transaction of its own.
double single_rate(const std::string& path) {
  Ledger ledger = take(Ledger::open(path));
  testing::LedgerLoad load;
  constexpr int kEvents = 200;
  const double seconds = seconds_of([&] {
    for (int i = 0; i < kEvents; ++i) {
      const Event event = load.next();
      take(ledger.append({&event, 1}));
    }
  });
  return kEvents / seconds;
}

struct Times {
  double median = 0;
  double slowest = 0;
};

// Of point queries, each with its page of 50 resolved events.
Times query_times(Reader& reader, const char* column, const std::vector<std::string>& names) {
  auto statement = take(reader.database().prepare("SELECT " + event_columns() + " FROM event WHERE " +
                                                  column + " = ? ORDER BY seq DESC LIMIT 50"));
  std::vector<double> times;
  for (const std::string& name : names) {
    times.push_back(1000 * seconds_of([&] {
                      statement.bind(1, take(reader.texts().find(name)));
                      while (take(statement.step()))
                        take(reader.rows().record(statement));
                      statement.reset();
                    }));
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times.back()};
}

std::vector<std::string> names(int count, const std::function<std::string(int)>& name) {
  std::vector<std::string> list;
  for (int i = 0; i < count; ++i)
    list.push_back(name(i));
  return list;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string directory = argv[1];
  const std::uint64_t events = std::strtoull(argv[2], nullptr, 10);
  const std::string path = directory + "/ledger.db";
  double fill_seconds = 0;
  double fill_processor = 0;
  {
    Ledger ledger = take(Ledger::open(path));
    fill_seconds = seconds_of([&] { fill_processor = fill(ledger, events); });
  }
  const auto size = static_cast<double>(std::filesystem::file_size(path));
  const double single = single_rate(directory + "/single.db");
  Reader reader = take(Reader::open(path));
  const double before = processor_seconds();
  const double verify_seconds = seconds_of([&] {
    if (take(verify(reader)).first_bad) std::abort();
  });
  std::printf("{\"events\": %" PRIu64
              ", \"rate\": %.0f, \"single_rate\": %.0f, \"bytes\": %.0f, \"bytes_per_event\": "
              "%.1f, \"verify_seconds\": %.2f, \"fill_processor\": %.2f, \"verify_processor\": %.2f",
              events, static_cast<double>(events) / fill_seconds, single, size,
              size / static_cast<double>(events), verify_seconds, fill_processor,
              processor_seconds() - before);
  const auto sections = static_cast<unsigned>(events / 200 + 1);
  const auto spread = [&](int i) { return static_cast<std::uint64_t>(i) * 7919 % sections; };
  const auto print = [&](const char* column, const std::vector<std::string>& list) {
    const Times times = query_times(reader, column, list);
    std::printf(", \"%s_ms\": [%.2f, %.2f]", column, times.median, times.slowest);
  };
  print("key", names(200, [&](int i) { return testing::LedgerLoad::key(spread(i), 7); }));
  print("dataset", names(200, [&](int i) { return testing::LedgerLoad::dataset(spread(i)); }));
  print("request", names(200, [&](int i) { return "r" + std::to_string(spread(i)); }));
  print("actor", names(40, [](int i) { return "user" + std::to_string(i); }));
  std::printf("}\n");
  return 0;
}
