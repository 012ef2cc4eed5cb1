#include "lib/transfer/hash_worker.h"

namespace microstage::transfer {

HashWorker::HashWorker(Hasher& hasher) : hasher_(hasher), thread_([this] { run(); }) {}

HashWorker::~HashWorker() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void HashWorker::submit(std::span<const std::byte> block) {
  {
    const std::lock_guard lock(mutex_);
    blocks_.push_back(block);
  }
  changed_.notify_all();
}

void HashWorker::wait_until_below(std::size_t limit) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return blocks_.size() < limit; });
}

void HashWorker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ended_ || !blocks_.empty(); });
    if (blocks_.empty()) return;
    const std::span<const std::byte> block = blocks_.front();
    lock.unlock();
    hasher_.update(block);
    lock.lock();
    blocks_.pop_front();  // only now may the block be reused
    changed_.notify_all();
  }
}

}  // namespace microstage::transfer
