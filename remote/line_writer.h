#pragma once
// The one thread that writes to git-annex. Lines are queued by anybody and written whole, in order.
//
// The descriptor is made non-blocking: git-annex may stop reading for good, and we must be able to end all
// the same.
//
// Threads: send() from any. The broken callback runs in the writer's thread, once, when git-annex has gone
// away.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace microstage::remote {

class LineWriter {
 public:
  LineWriter(int descriptor, std::function<void()> broken);
  ~LineWriter();  // close without patience
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  void send(const std::string& line);
  // Ends the thread, after writing what is queued as far as that works within `patience`.
  void close(std::chrono::milliseconds patience);

 private:
  void run();
  [[nodiscard]] bool write_all(const std::string& bytes) const;
  [[nodiscard]] bool wait_until_writable() const;

  int descriptor_;
  std::function<void()> broken_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string queued_;
  bool closed_ = false;
  bool finished_ = false;
  std::atomic<bool> abandoned_ = false;
  std::thread thread_;
};

}  // namespace microstage::remote
