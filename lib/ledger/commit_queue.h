#pragma once
// Group commit: events from any thread, written by one. While a transaction is being made durable, the next
// one gathers: the cost of a commit is shared by all who wait for it.
//
// The thread belongs to the caller, who runs `while (queue.commit_next()) {}` on it.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "lib/ledger/ledger.h"

namespace microstage::ledger {

class CommitQueue {
 public:
  // Called once, on the committing thread, when the events are durable or will never be. (With the error of
  // an event that the catalogue does not allow: at once, on the submitting thread.)
  using Done = std::function<void(const Result<Head>&)>;

  // `ledger` must outlive the queue and be used by the committing thread alone.
  explicit CommitQueue(Ledger& ledger) : ledger_(&ledger) {}

  // Any thread. The events stay together in one transaction, after those submitted before them. After stop()
  // they are refused.
  void submit(std::vector<Event> events, Done done);

  // Waits for events, commits as many as are there (kMostEvents, but one submission at least), and calls
  // back. False when the queue was stopped and everything submitted before is done.
  bool commit_next();

  // Any thread.
  void stop();

  static constexpr std::size_t kMostEvents = 4096;

 private:
  struct Submission {
    std::vector<Event> events;
    Done done;
  };
  [[nodiscard]] std::vector<Submission> take();

  Ledger* ledger_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Submission> waiting_;
  bool stopped_ = false;
};

}  // namespace microstage::ledger
