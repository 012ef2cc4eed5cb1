#pragma once
// Runs tasks on a bounded number of threads, made when first needed. Tasks beyond the bound wait their turn.
//
// Threads: post() from any. The destructor waits for all tasks that were posted.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace microstage::remote {

class WorkerPool {
 public:
  explicit WorkerPool(std::size_t most_threads) : most_threads_(most_threads) {}
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the task could not be taken: the machine gives us no thread at all.
  [[nodiscard]] bool post(std::function<void()> task);

 private:
  void run();

  std::size_t most_threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool ended_ = false;
};

}  // namespace microstage::remote
