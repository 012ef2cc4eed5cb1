// The ledger's figures as one JSON object: rates in group commit and of single commits, size, the median and
// the slowest of many point queries in milliseconds, seconds to verify. tests/bench/run compares them with
// their goals.
//
//   ledger_bench DIRECTORY EVENTS

#include <algorithm>
#include <array>
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
#include "lib/ledger/query.h"
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

// Of queries as `microstage log` makes them, each with its page of 50 resolved events.
Times query_times(Reader& reader, const std::vector<Query>& queries) {
  std::vector<double> times;
  for (const Query& query : queries) {
    times.push_back(1000 * seconds_of([&] {
                      const auto done =
                          for_each_event(reader, query, 50, [](const Found&) -> Status { return {}; });
                      if (!done) take(Result<int>(fail(done.error())));
                    }));
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times.back()};
}

std::vector<Query> queries(int count, const std::function<void(Query&, int)>& ask) {
  std::vector<Query> list(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    ask(list[static_cast<std::size_t>(i)], i);
  return list;
}

// What there is little of, before everything else: a place, and a type.
Event moved_out() {
  Event event;
  event.type = EventType::object_found;
  event.time = 1'600'000'000'000'000'000;
  event.dataset = testing::LedgerLoad::dataset(0);
  event.key = testing::LedgerLoad::key(0, 0);
  event.to = "retired";
  event.basis = "claim";
  event.note = "found in the cellar";
  return event;
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
    const Event first = moved_out();
    take(ledger.append({&first, 1}));
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
  const auto print = [&](const char* name, const std::vector<Query>& list) {
    const Times times = query_times(reader, list);
    std::printf(", \"%s_ms\": [%.2f, %.2f]", name, times.median, times.slowest);
  };
  print("key", queries(200, [&](Query& q, int i) { q.keys = {testing::LedgerLoad::key(spread(i), 7)}; }));
  print("dataset",
        queries(200, [&](Query& q, int i) { q.dataset = testing::LedgerLoad::dataset(spread(i)); }));
  print("request", queries(200, [&](Query& q, int i) { q.id = "r" + std::to_string(spread(i)); }));
  print("actor", queries(40, [](Query& q, int i) { q.actor = "user" + std::to_string(i); }));
  print("host", queries(20, [](Query& q, int i) { q.host = "node" + std::to_string(i); }));
  print("tier", queries(3, [](Query& q, int i) {
          q.tier = std::array{"fast", "capacity", "retired"}.at(static_cast<std::size_t>(i));
        }));
  print("type", queries(2, [](Query& q, int i) { q.type = i == 0 ? "transfer" : "object.found"; }));
  print("hour", queries(50, [&](Query& q, int i) {
          q.since = 1'700'000'000'000'000'000 + static_cast<std::int64_t>(events) * 1'000'000 * i;
          q.until = *q.since + 3'600'000'000'000;
        }));
  print("id", queries(2, [](Query& q, int i) { q.id = i == 0 ? "B20_0197" : "nobody"; }));
  print("text", queries(1, [](Query& q, int) { q.text = "CELLAR"; }));
  std::printf("}\n");
  return 0;
}
