#pragma once
// Spools a report of each transfer without anybody waiting for it: a thread of its own writes, so that a file
// system that hangs or is full costs a record and never a transfer. The thread starts with the first report.
//
// Threads: any.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "lib/control/report.h"
#include "lib/control/spool_place.h"
#include "lib/fs/file_ops.h"

namespace microstage::remote {

// Why something is not recorded where it should be, in one line, and whether somebody wanted it to be there.
struct SpoolTrouble {
  std::string message;
  bool wanted = false;  // a place was configured
};

class Reporter {
 public:
  explicit Reporter(fs::FileOps& ops);
  ~Reporter();  // waits for what was added, without end
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  // The first call decides where to, and finds out meanwhile whether that can be written. Later ones do
  // nothing.
  [[nodiscard]] bool begun();
  void begin(const Result<control::SpoolPlace>& place);
  // Drops it where begin() found that nothing is to be recorded.
  void add(control::Report report);

  // What went wrong, once.
  [[nodiscard]] std::optional<SpoolTrouble> take_trouble();
  // False when the reports were not written in that time.
  [[nodiscard]] bool drain(std::chrono::milliseconds patience);

 private:
  class Writer;

  void run();
  void write(std::deque<control::Report> reports);  // without the lock

  fs::FileOps& ops_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool begun_ = false;
  bool ended_ = false;
  bool hurry_ = false;  // somebody waits
  bool busy_ = false;   // the thread is writing
  std::deque<control::Report> waiting_;
  std::unique_ptr<Writer> writer_;  // none: nothing is recorded. Used by the thread alone
  std::optional<SpoolTrouble> trouble_;
  bool told_ = false;
  std::thread thread_;
};

}  // namespace microstage::remote
