#include "lib/transfer/hash_worker.h"

#include <sched.h>

#include <semaphore>

namespace microstage::transfer {

namespace {

// The cores that this process may use: a batch job has its share of a node.
std::ptrdiff_t usable_cores() {
  cpu_set_t cores;
  return ::sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

class Core {
 public:
  Core() { free().acquire(); }
  ~Core() { free().release(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

 private:
  static std::counting_semaphore<>& free() {
    static std::counting_semaphore<> cores(usable_cores());
    return cores;
  }
};

}  // namespace

void hash_block(Hasher& hasher, std::span<const std::byte> block) {
  const Core core;
  hasher.update(block);
}

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
    hash_block(hasher_, block);
    lock.lock();
    blocks_.pop_front();  // only now may the block be reused
    changed_.notify_all();
  }
}

}  // namespace microstage::transfer
