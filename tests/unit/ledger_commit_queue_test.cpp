// Group commit: everybody is answered once, in order, and only for what is durable.

#include "lib/ledger/commit_queue.h"

#include <atomic>
#include <thread>

#include "lib/ledger/verify.h"
#include "tests/support/ledger_fixture.h"

using namespace microstage;
using namespace microstage::ledger;
using testing::take;
using testing::transfer_event;

TEST_CASE("Events of many threads are each committed once, and each thread's in its order") {
  constexpr unsigned kThreads = 4;
  constexpr unsigned kEach = 500;
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  Ledger ledger = take(Ledger::open(path));
  CommitQueue queue(ledger);
  std::atomic<unsigned> acknowledged{0};
  std::atomic<unsigned> commits{0};
  std::thread committer([&] {
    while (queue.commit_next())
      ++commits;
  });
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (unsigned i = 0; i < kEach; ++i) {
        Event event = transfer_event(i);
        event.host = "thread" + std::to_string(thread);
        queue.submit({event}, [&](const Result<Head>& head) { acknowledged += head ? 1 : 0; });
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  queue.stop();
  committer.join();
  CHECK(acknowledged == kThreads * kEach);
  CHECK(commits <= kThreads * kEach);
  CHECK(ledger.head().seq == kThreads * kEach);
  Reader reader = take(Reader::open(path));
  CHECK_FALSE(take(verify(reader)).first_bad);
  std::array<unsigned, kThreads> next{};
  for (std::uint64_t seq = 1; seq <= kThreads * kEach; ++seq) {
    const Event event = take(reader.event(seq)).event;
    const auto thread = static_cast<std::size_t>(event.host.back() - '0');
    CHECK(event.time == transfer_event(next.at(thread)++).time);
  }
}

TEST_CASE("What waits while a commit runs becomes one transaction") {
  const testing::Scratch scratch;
  Ledger ledger = take(Ledger::open(scratch / "ledger.db"));
  CommitQueue queue(ledger);
  std::vector<std::uint64_t> heads;
  for (unsigned i = 0; i < 10; ++i)
    queue.submit({transfer_event(i)}, [&](const Result<Head>& head) { heads.push_back(take(head).seq); });
  CHECK(queue.commit_next());
  CHECK(heads == std::vector<std::uint64_t>(10, 10));
}

TEST_CASE("A refused event is told at once and takes no other with it") {
  const testing::Scratch scratch;
  Ledger ledger = take(Ledger::open(scratch / "ledger.db"));
  CommitQueue queue(ledger);
  unsigned good = 0;
  unsigned refused = 0;
  const auto count = [&](const Result<Head>& head) { ++(head ? good : refused); };
  queue.submit({transfer_event(1)}, count);
  queue.submit({Event{}}, count);
  CHECK(refused == 1);
  queue.submit({transfer_event(2)}, count);
  queue.stop();
  queue.submit({transfer_event(3)}, count);
  CHECK(refused == 2);
  CHECK(queue.commit_next());
  CHECK(good == 2);
  CHECK_FALSE(queue.commit_next());
  CHECK(ledger.head().seq == 2);
}
