#pragma once
// One conversation with git-annex as a state machine: what may come when, which job it belongs to, what is
// sent in return. No I/O, no threads, no clock: lines and events go in, actions come out, time is an
// argument.
//
// A job is idle, running (a request is being served) or asking (its query waits for git-annex's answer).
// Without ASYNC there is one job, number 0. Threads: the caller serialises all calls.

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "remote/protocol.h"

namespace microstage::remote {

using Time = std::chrono::steady_clock::time_point;

enum class Extension { info, async, get_git_remote_name, unavailable_response };

struct Action {
  enum class Kind {
    send,    // text: a line for git-annex
    start,   // job, request: begin serving it
    answer,  // job, text: git-annex's answer to the job's query
    refuse,  // job, text: git-annex answered the query with an error
    end,     // text: why the session cannot go on; empty for a normal end
  };
  Kind kind = Kind::send;
  JobId job = 0;
  std::string text;
  Request request;
};
using Actions = std::vector<Action>;

class Session {
 public:
  // `protocol_version` 1 or 2 is what we announce.
  explicit Session(int protocol_version) : protocol_version_(protocol_version) {}

  [[nodiscard]] bool has(Extension extension) const { return extensions_.contains(extension); }
  [[nodiscard]] bool ended() const { return phase_ == Phase::ended; }

  [[nodiscard]] Actions start();
  [[nodiscard]] Actions receive(std::string_view line, Time now);

  // Events from the jobs. A job that the session does not know as running is ignored: the session may have
  // ended.
  [[nodiscard]] Actions query(JobId job, std::string_view line);
  [[nodiscard]] Actions tell(JobId job, std::string_view line);  // SETCONFIG, DEBUG: no answer
  [[nodiscard]] Actions inform(JobId job,
                               std::string_view text);  // shown to the user, where INFO was offered
  [[nodiscard]] Actions progress(JobId job, std::uint64_t bytes, Time now);
  [[nodiscard]] Actions finish(JobId job, const std::vector<std::string>& reply);

 private:
  enum class Phase { fresh, greeted, ended };
  enum class JobPhase { idle, running, asking };
  struct Job {
    JobPhase phase = JobPhase::idle;
    Time last_progress;
    std::uint64_t reported = 0;
  };

  [[nodiscard]] Actions negotiate(std::string_view offered);
  [[nodiscard]] Actions reply_at_once(JobId job, const std::vector<std::string>& lines) const;
  [[nodiscard]] Actions receive_request(JobId job, const Request& request, Time now);
  // Puts the name that EXPORT gave into the request that must follow it. What is wrong with the line, if
  // anything.
  [[nodiscard]] std::string_view pair_with_export(JobId job, Incoming& incoming);
  // git-annex before 10.20230329 could send EXPORT and its request to two processes; it does not know
  // version 2.
  [[nodiscard]] bool may_export() const;
  [[nodiscard]] Actions receive_answer(JobId job, const Incoming& incoming);
  [[nodiscard]] Actions protocol_error(std::string_view what);
  [[nodiscard]] bool is_busy(JobId job) const;
  [[nodiscard]] std::optional<JobId> only_asking_job() const;

  int protocol_version_;
  Phase phase_ = Phase::fresh;
  std::set<Extension> extensions_;
  std::map<JobId, Job> jobs_;
  std::map<JobId, std::string> export_names_;  // given by EXPORT, for the job's next request
};

}  // namespace microstage::remote
