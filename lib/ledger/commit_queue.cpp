#include "lib/ledger/commit_queue.h"

#include <iterator>

#include "lib/ledger/catalogue.h"

namespace microstage::ledger {

namespace {

// A refused event must not take others of its transaction with it.
Status check_all(const std::vector<Event>& events) {
  for (const Event& event : events)
    if (auto good = check(event); !good) return good;
  return {};
}

}  // namespace

void CommitQueue::submit(std::vector<Event> events, Done done) {
  auto good = check_all(events);
  if (good) {
    const std::lock_guard lock(mutex_);
    if (!stopped_) {
      waiting_.push_back({std::move(events), std::move(done)});
      arrived_.notify_one();
      return;
    }
    good = fail(ErrorKind::cancelled, "the ledger is closing: the event is not recorded");
  }
  done(fail(std::move(good.error())));
}

std::vector<CommitQueue::Submission> CommitQueue::take() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [&] { return stopped_ || !waiting_.empty(); });
  std::vector<Submission> taken;
  std::size_t events = 0;
  while (!waiting_.empty() && (taken.empty() || events + waiting_.front().events.size() <= kMostEvents)) {
    events += waiting_.front().events.size();
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return taken;
}

bool CommitQueue::commit_next() {
  std::vector<Submission> group = take();
  if (group.empty()) return false;
  std::vector<Event> events;
  for (Submission& submission : group)
    std::move(submission.events.begin(), submission.events.end(), std::back_inserter(events));
  const Result<Head> committed = ledger_->append(events);
  for (const Submission& submission : group)
    submission.done(committed);
  return true;
}

void CommitQueue::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  arrived_.notify_all();
}

}  // namespace microstage::ledger
