#pragma once
// Joins a session (pure), a writer, and threads that serve the jobs.
//
// Threads: receive() from the reading thread; jobs run on the pool; the session is entered by one thread at a
// time.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "remote/conversation.h"
#include "remote/line_writer.h"
#include "remote/session.h"
#include "remote/worker_pool.h"

namespace microstage::remote {

class Dispatcher {
 public:
  using Serve = std::function<std::vector<std::string>(const Request&, Conversation&)>;

  Dispatcher(int protocol_version, LineWriter& writer, Serve serve);
  ~Dispatcher();  // as end(), then waits for the jobs

  void start();
  void receive(std::string_view line);
  // Git-annex is gone or we were told to stop: running jobs are asked to stop, waiting ones get an error.
  void end();

  [[nodiscard]] bool ended();
  // Why the session ended by itself; empty for a normal end.
  [[nodiscard]] std::string reason();
  [[nodiscard]] bool idle();  // no job is being served

 private:
  class Job;

  void apply(const Actions& actions);             // with mutex_ held
  void start(JobId job, const Request& request);  // with mutex_ held
  void run(JobId job, const Request& request);

  LineWriter& writer_;
  Serve serve_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable answered_;
  Session session_;
  std::map<JobId, Result<std::string>> answers_;
  std::size_t running_ = 0;
  bool ended_ = false;
  std::string reason_;
  WorkerPool pool_;  // last: its threads use all of the above
};

}  // namespace microstage::remote
