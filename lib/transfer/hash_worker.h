#pragma once
// Hashes blocks in order on a thread of its own, so that reading and writing go on meanwhile.
//
// Threads: one thread submits and waits; the worker's thread hashes. A submitted block must stay unchanged
// until wait_until_below(n) has returned with n blocks or fewer submitted after it, or the worker is
// destroyed.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <span>
#include <thread>

#include "lib/core/hash.h"

namespace microstage::transfer {

// Hashes a block when a core is free for it: however many transfers a process has, no more blocks are hashed
// at once than it may use cores. Any thread.
void hash_block(Hasher& hasher, std::span<const std::byte> block);

class HashWorker {
 public:
  explicit HashWorker(Hasher& hasher);
  ~HashWorker();  // hashes what was submitted, then ends
  HashWorker(const HashWorker&) = delete;
  HashWorker& operator=(const HashWorker&) = delete;

  void submit(std::span<const std::byte> block);
  // Blocks until fewer than `limit` submitted blocks are unhashed.
  void wait_until_below(std::size_t limit);

 private:
  void run();

  Hasher& hasher_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::span<const std::byte>> blocks_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace microstage::transfer
