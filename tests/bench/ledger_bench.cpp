// The ledger's figures as one JSON object: rate in group commit, bytes an event, times of point queries,
// verification. tests/bench/run compares them with their goals.
//
//   ledger_bench DIRECTORY EVENTS

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <semaphore>
#include <thread>
#include <vector>

#include "lib/ledger/commit_queue.h"
#include "lib/ledger/reader.h"
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

// One thread submits events one by one, at most this many not yet acknowledged; another commits.
constexpr std::ptrdiff_t kOutstanding = 2000;

void fill(Ledger& ledger, std::uint64_t events) {
  CommitQueue queue(ledger);
  std::counting_semaphore<kOutstanding> room(kOutstanding);
  std::thread committer([&] {
    while (queue.commit_next()) {
    }
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

// The slowest of some point queries, each with its page of 50 resolved events, in milliseconds.
double slowest_query(Reader& reader, const char* column, const std::vector<std::string>& names) {
  auto statement = take(reader.database().prepare("SELECT " + event_columns() + " FROM event WHERE " +
                                                  column + " = ? ORDER BY seq DESC LIMIT 50"));
  double slowest = 0;
  for (const std::string& name : names) {
    slowest = std::max(slowest, seconds_of([&] {
                         statement.bind(1, take(reader.texts().find(name)));
                         while (take(statement.step()))
                           take(reader.rows().record(statement));
                         statement.reset();
                       }));
  }
  return slowest * 1000;
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
  {
    Ledger ledger = take(Ledger::open(path));
    fill_seconds = seconds_of([&] { fill(ledger, events); });
  }
  const auto size = std::filesystem::file_size(path);
  Reader reader = take(Reader::open(path));
  const auto sections = static_cast<int>(events / 200 + 1);
  const auto spread = [&](int i) {
    return static_cast<std::uint64_t>(i) * 7919 % static_cast<unsigned>(sections);
  };
  const double by_key =
      slowest_query(reader, "key", names(200, [&](int i) { return testing::LedgerLoad::key(spread(i), 7); }));
  const double by_dataset = slowest_query(
      reader, "dataset", names(200, [&](int i) { return testing::LedgerLoad::dataset(spread(i)); }));
  const double by_request =
      slowest_query(reader, "request", names(200, [&](int i) { return "r" + std::to_string(spread(i)); }));
  const double by_actor =
      slowest_query(reader, "actor", names(40, [](int i) { return "user" + std::to_string(i); }));
  std::printf("{\"events\": %" PRIu64
              ", \"seconds\": %.3f, \"rate\": %.0f, \"single_rate\": %.0f, \"bytes\": %" PRIu64
              ", \"bytes_per_event\": %.1f, \"key_ms\": %.3f, \"dataset_ms\": %.3f, \"request_ms\": %.3f, "
              "\"actor_ms\": %.3f}\n",
              events, fill_seconds, static_cast<double>(events) / fill_seconds,
              single_rate(directory + "/single.db"), static_cast<std::uint64_t>(size),
              static_cast<double>(size) / static_cast<double>(events), by_key, by_dataset, by_request,
              by_actor);
  return 0;
}
